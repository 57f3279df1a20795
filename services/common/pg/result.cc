#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "services/common/pg/binary_format.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::pg {
namespace {

// The statement and the code that reads it disagree: a defect that every run of it would show, and
// going on would read memory that is not there.
[[noreturn]] void DieOfWrongColumn(const PGresult* result, int row, int column, const char* want) {
  std::fprintf(stderr, "pg::Result: column %d \"%s\" row %d: got %d bytes%s, want %s\n", column,
               PQfname(result, column) == nullptr ? "?" : PQfname(result, column), row,
               PQgetlength(result, row, column), PQgetisnull(result, row, column) ? " (null)" : "", want);
  std::abort();
}

template <typename Int>
Int Read(const PGresult* result, int row, int column, const char* want) {
  if (PQgetisnull(result, row, column) || PQgetlength(result, row, column) != sizeof(Int)) {
    DieOfWrongColumn(result, row, column, want);
  }
  return ReadInt<Int>(PQgetvalue(result, row, column));
}

}  // namespace

int16_t Result::Int16(int row, int column) const { return Read<int16_t>(result_.get(), row, column, "int2"); }
int32_t Result::Int32(int row, int column) const { return Read<int32_t>(result_.get(), row, column, "int4"); }
int64_t Result::Int64(int row, int column) const { return Read<int64_t>(result_.get(), row, column, "int8"); }
bool Result::Bool(int row, int column) const { return Read<int8_t>(result_.get(), row, column, "bool") != 0; }
absl::Time Result::Time(int row, int column) const {
  return FromPostgresTime(Read<int64_t>(result_.get(), row, column, "timestamptz"));
}
uint64_t Result::Xid(int row, int column) const { return Read<uint64_t>(result_.get(), row, column, "xid8"); }

Uuid Result::UuidAt(int row, int column) const {
  Uuid uuid;
  if (IsNull(row, column) || PQgetlength(result_.get(), row, column) != sizeof(uuid)) {
    DieOfWrongColumn(result_.get(), row, column, "uuid");
  }
  std::memcpy(uuid.data(), PQgetvalue(result_.get(), row, column), uuid.size());
  return uuid;
}

std::string_view Result::Bytes(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

int64_t Result::affected_rows() const { return std::strtoll(PQcmdTuples(result_.get()), nullptr, 10); }

}  // namespace quartermaster::pg
