#include "services/common/pg/binary_format.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::pg {
namespace {

// Signature, no flags, no header extension.
constexpr char kHeader[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
constexpr size_t kHeaderSize = 19;
static_assert(sizeof(kHeader) == kHeaderSize + 1);

template <typename Int>
void AppendField(std::string& data, Int value) {
  AppendInt<int32_t>(data, sizeof(value));
  AppendInt(data, value);
}

void AppendField(std::string& data, std::string_view value) {
  AppendInt<int32_t>(data, static_cast<int32_t>(value.size()));
  data.append(value);
}

}  // namespace

CopyBuffer::CopyBuffer() { Clear(); }

void CopyBuffer::Clear() {
  data_.assign(kHeader, kHeaderSize);
  rows_ = 0;
}

void CopyBuffer::StartRow(int16_t columns) {
  AppendInt(data_, columns);
  ++rows_;
}

void CopyBuffer::Add(int16_t value) { AppendField(data_, value); }
void CopyBuffer::Add(int32_t value) { AppendField(data_, value); }
void CopyBuffer::Add(int64_t value) { AppendField(data_, value); }
void CopyBuffer::Add(absl::Time value) { AppendField(data_, ToPostgresTime(value)); }
void CopyBuffer::AddXid(uint64_t value) { AppendField(data_, value); }
void CopyBuffer::Add(const Uuid& value) {
  AppendField(data_, std::string_view(reinterpret_cast<const char*>(value.data()), value.size()));
}
void CopyBuffer::AddText(std::string_view value) { AppendField(data_, value); }
void CopyBuffer::AddBytes(std::string_view value) { AppendField(data_, value); }
void CopyBuffer::AddNull() { AppendInt<int32_t>(data_, -1); }

}  // namespace quartermaster::pg
