#include "services/common/pg/binary_format.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::pg {

int Params::size() const { return static_cast<int>(types_.size()); }

void Params::Clear() {
  data_.clear();
  types_.clear();
  offsets_.clear();
  lengths_.clear();
}

size_t Params::Open(Oid type) {
  types_.push_back(type);
  offsets_.push_back(static_cast<int>(data_.size()));
  return data_.size();
}

void Params::Close(size_t start) { lengths_.push_back(static_cast<int>(data_.size() - start)); }

void Params::AddNull(Oid type) {
  types_.push_back(type);
  offsets_.push_back(-1);
  lengths_.push_back(0);
}

template <typename Int>
void Params::AddInt(Oid type, Int value) {
  const size_t start = Open(type);
  AppendInt(data_, value);
  Close(start);
}

void Params::Add(int16_t value) { AddInt(kInt2Oid, value); }
void Params::Add(int32_t value) { AddInt(kInt4Oid, value); }
void Params::Add(int64_t value) { AddInt(kInt8Oid, value); }
void Params::Add(bool value) { AddInt(kBoolOid, static_cast<int8_t>(value ? 1 : 0)); }
void Params::Add(absl::Time value) { AddInt(kTimestamptzOid, ToPostgresTime(value)); }
void Params::AddXid(uint64_t value) { AddInt(kXid8Oid, value); }

void Params::AddBlob(Oid type, std::string_view value) {
  const size_t start = Open(type);
  data_.append(value);
  Close(start);
}

void Params::Add(const Uuid& value) {
  AddBlob(kUuidOid, {reinterpret_cast<const char*>(value.data()), value.size()});
}
void Params::AddText(std::string_view value) { AddBlob(kTextOid, value); }
void Params::AddBytes(std::string_view value) { AddBlob(kByteaOid, value); }

// An array: dimensions (0 when empty), whether it has nulls, element type, then for each dimension
// its length and lower bound, then for each element its length and bytes.
template <typename Range, typename AppendElement>
void Params::AddElements(Oid array_type, Oid element_type, const Range& values, AppendElement append) {
  const size_t start = Open(array_type);
  AppendInt<int32_t>(data_, values.empty() ? 0 : 1);
  AppendInt<int32_t>(data_, 0);
  AppendInt<uint32_t>(data_, element_type);
  if (!values.empty()) {
    AppendInt<int32_t>(data_, static_cast<int32_t>(values.size()));
    AppendInt<int32_t>(data_, 1);
  }
  for (const auto& value : values) append(value);
  Close(start);
}

template <typename Int, typename Range, typename Convert>
void Params::AddIntArray(Oid array_type, Oid element_type, const Range& values, Convert convert) {
  AddElements(array_type, element_type, values, [&](const auto& value) {
    AppendInt<int32_t>(data_, sizeof(Int));
    AppendInt<Int>(data_, convert(value));
  });
}

template <typename Range>
void Params::AddBlobArray(Oid array_type, Oid element_type, const Range& values) {
  AddElements(array_type, element_type, values, [&](const auto& value) {
    AppendInt<int32_t>(data_, static_cast<int32_t>(value.size()));
    data_.append(reinterpret_cast<const char*>(value.data()), value.size());
  });
}

void Params::AddArray(std::span<const int16_t> values) {
  AddIntArray<int16_t>(kInt2ArrayOid, kInt2Oid, values, [](int16_t value) { return value; });
}
void Params::AddArray(std::span<const int32_t> values) {
  AddIntArray<int32_t>(kInt4ArrayOid, kInt4Oid, values, [](int32_t value) { return value; });
}
void Params::AddArray(std::span<const int64_t> values) {
  AddIntArray<int64_t>(kInt8ArrayOid, kInt8Oid, values, [](int64_t value) { return value; });
}
void Params::AddArray(std::span<const absl::Time> values) {
  AddIntArray<int64_t>(kTimestamptzArrayOid, kTimestamptzOid, values, &ToPostgresTime);
}
void Params::AddArray(std::span<const Uuid> values) { AddBlobArray(kUuidArrayOid, kUuidOid, values); }
void Params::AddTextArray(std::span<const std::string_view> values) {
  AddBlobArray(kTextArrayOid, kTextOid, values);
}
void Params::AddBytesArray(std::span<const std::string_view> values) {
  AddBlobArray(kByteaArrayOid, kByteaOid, values);
}

}  // namespace quartermaster::pg
