// Any bytes as a file of rows: read or refused with a reason, never a crash; and what CSV says is said
// again by the same fields in quotes.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "clients/qmctl/input/csv_reader.h"
#include "clients/qmctl/input/row_file.h"
#include "services/common/errors/error.h"

namespace quartermaster::qmctl {
namespace {

constexpr char kMalformed[] = "client.input_malformed";
// Of one problem, whatever the file holds.
constexpr size_t kMessageBytesMax = 1024;

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void AddQuoted(const std::vector<std::string>& fields, std::string& text) {
  const char* separator = "";
  for (const std::string& field : fields) {
    text += separator;
    text += '"';
    for (const char c : field) text.append(c == '"' ? 2 : 1, c);
    text += '"';
    separator = ",";
  }
  text += "\r\n";
}

void CheckCsv(std::string_view text) {
  const auto table = ReadCsv(text);
  if (!table.ok()) {
    Check(errors::ErrorId(table.status()) == kMalformed, "a refusal has its reason");
    return;
  }
  std::string quoted;
  AddQuoted(table->header, quoted);
  for (const CsvRecord& record : table->records) AddQuoted(record.fields, quoted);
  const auto again = ReadCsv(quoted);
  Check(again.ok() && again->header == table->header, "the same header");
  Check(again->records.size() == table->records.size(), "as many records");
  for (size_t i = 0; i < table->records.size(); ++i) {
    Check(again->records[i].fields == table->records[i].fields, "the same fields");
  }
}

// Every way in which the import commands read a field, on the fields that the seeds have.
void ReadFields(const InputRow& row, std::vector<RowProblem>& problems) {
  const size_t before = problems.size();
  RowReader reader(row, problems);
  reader.RequiredText("entitlement_id");
  reader.Text("virtual_account");
  const int64_t quantity = reader.RequiredNumber("quantity");
  reader.Number("overage_quantity");
  reader.Word("term", {"perpetual", "subscription"});
  reader.Time("start", /*date_ends_day=*/false);
  reader.Time("end", /*date_ends_day=*/true);
  reader.List("substitutes_for");
  reader.Flag("known", true);
  reader.RefuseOtherFields();
  Check(reader.ok() == (problems.size() == before), "a row is wrong when something is said of it");
  const auto& value = row.fields.contains("quantity") ? row.fields["quantity"] : nlohmann::json();
  Check(!value.is_number_integer() || !reader.ok() || value == quantity, "a number is read as it stands");
}

}  // namespace
}  // namespace quartermaster::qmctl

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace quartermaster;
  using namespace quartermaster::qmctl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckCsv(text);
  const auto rows = ReadRowFile(text, "entitlements");
  if (!rows.ok()) {
    Check(errors::ErrorId(rows.status()) == kMalformed, "a refusal has its reason");
    Check(rows.status().message().size() <= kMessageBytesMax, "a refusal fits a message");
    return 0;
  }
  std::vector<RowProblem> problems;
  for (const InputRow& row : *rows) ReadFields(row, problems);
  for (const RowProblem& problem : problems) {
    Check(!problem.place.empty() && problem.reason == kMalformed, "a problem has its place and reason");
    Check(problem.message.size() <= kMessageBytesMax, "a problem fits a message");
  }
  return 0;
}
