#include "tests/bench/copy_rows.h"

#include <arpa/inet.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace quartermaster::bench {
namespace {

// Signature, flags and header extension of a binary COPY stream, and its trailer.
constexpr char kHeader[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
constexpr size_t kHeaderSize = 19;
constexpr char kTrailer[] = "\377\377";

[[noreturn]] void Fail(PGconn* connection, const std::string& what) {
  std::fprintf(stderr, "ingest_floor: %s: %s\n", what.c_str(), PQerrorMessage(connection));
  std::exit(1);
}

PGresult* Query(PGconn* connection, const std::string& sql, ExecStatusType want) {
  PGresult* result = PQexec(connection, sql.c_str());
  if (PQresultStatus(result) != want) Fail(connection, sql);
  return result;
}

bool IsTrailer(const char* row, int length) {
  int16_t columns;
  return length >= 2 && (std::memcpy(&columns, row, 2), columns == -1);
}

}  // namespace

Connection Connect(const std::string& connection_string) {
  Connection connection(PQconnectdb(connection_string.c_str()), &PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) Fail(connection.get(), "connect");
  Execute(connection.get(), "SET search_path TO quartermaster");
  return connection;
}

void Execute(PGconn* connection, const std::string& sql) {
  PGresult* result = PQexec(connection, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) Fail(connection, sql);
  PQclear(result);
}

TableRows ReadTable(PGconn* connection, const std::string& table, int rows_per_slice) {
  TableRows rows;
  rows.table = table;
  PGresult* columns =
      Query(connection,
            "SELECT string_agg(quote_ident(attname), ',' ORDER BY attnum) FROM pg_attribute WHERE "
            "attrelid = '" +
                table + "'::regclass AND attnum > 0 AND NOT attisdropped",
            PGRES_TUPLES_OK);
  rows.columns = PQgetvalue(columns, 0, 0);
  PQclear(columns);
  PQclear(Query(connection, "COPY (SELECT " + rows.columns + " FROM " + table + ") TO STDOUT (FORMAT binary)",
                PGRES_COPY_OUT));
  char* row = nullptr;
  std::string slice;
  int in_slice = 0;
  bool first = true;
  auto close = [&] {
    if (in_slice == 0) return;
    rows.slices.push_back(std::string(kHeader, kHeaderSize) + slice + std::string(kTrailer, 2));
    slice.clear();
    in_slice = 0;
  };
  for (int length; (length = PQgetCopyData(connection, &row, 0)) > 0; PQfreemem(row)) {
    // The server sends one message a row; the header comes glued to the first.
    const char* begin = row;
    if (first) {
      begin += kHeaderSize;
      length -= kHeaderSize;
      first = false;
    }
    if (length == 0 || IsTrailer(begin, length)) continue;
    slice.append(begin, length);
    ++rows.rows;
    if (++in_slice == rows_per_slice) close();
  }
  close();
  while (PGresult* result = PQgetResult(connection)) PQclear(result);
  return rows;
}

void WriteSlice(PGconn* connection, const TableRows& table, const std::string& slice) {
  PQclear(Query(connection, "COPY " + table.table + " (" + table.columns + ") FROM STDIN (FORMAT binary)",
                PGRES_COPY_IN));
  if (PQputCopyData(connection, slice.data(), static_cast<int>(slice.size())) != 1 ||
      PQputCopyEnd(connection, nullptr) != 1) {
    Fail(connection, "COPY " + table.table);
  }
  while (PGresult* result = PQgetResult(connection)) {
    if (PQresultStatus(result) != PGRES_COMMAND_OK) Fail(connection, "COPY " + table.table);
    PQclear(result);
  }
}

}  // namespace quartermaster::bench
