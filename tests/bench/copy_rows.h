// Reads whole tables in PostgreSQL's binary COPY format and writes them again, in transactions of a
// given number of rows: the database's share of the ingest floor.
#ifndef QUARTERMASTER_TESTS_BENCH_COPY_ROWS_H_
#define QUARTERMASTER_TESTS_BENCH_COPY_ROWS_H_

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <vector>

namespace quartermaster::bench {

using Connection = std::unique_ptr<PGconn, void (*)(PGconn*)>;

// Ends the program with the server's message when it cannot connect.
Connection Connect(const std::string& connection_string);
void Execute(PGconn* connection, const std::string& sql);

// The rows of one table, cut into slices of `rows_per_slice` that are ready for COPY … FROM STDIN.
struct TableRows {
  std::string table;
  std::string columns;
  int64_t rows = 0;
  std::vector<std::string> slices;
};

TableRows ReadTable(PGconn* connection, const std::string& table, int rows_per_slice);

// One transaction of one COPY.
void WriteSlice(PGconn* connection, const TableRows& table, const std::string& slice);

}  // namespace quartermaster::bench

#endif  // QUARTERMASTER_TESTS_BENCH_COPY_ROWS_H_
