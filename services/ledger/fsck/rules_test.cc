// The table of rules in README.md against the rules that the sources report.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace quartermaster::ledger::fsck {
namespace {

constexpr char kFolder[] = "services/ledger/fsck";

std::string TextOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::set<std::string> Matches(const std::string& text, const char* pattern) {
  std::set<std::string> found;
  const std::regex regex(pattern);
  for (auto match = std::sregex_iterator(text.begin(), text.end(), regex); match != std::sregex_iterator();
       ++match) {
    found.insert((*match)[1]);
  }
  return found;
}

// A finding is written {"rule_name", …; blocks have Differs("rule_name", ….
std::set<std::string> RulesOfSources() {
  std::set<std::string> rules;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".cc") continue;
    rules.merge(Matches(TextOf(entry.path()), R"re((?:\{|Differs\()\s*"([a-z]+(?:_[a-z]+)+)",)re"));
  }
  return rules;
}

// Rows of the table start with one or more `rule_name`.
std::set<std::string> RulesOfReadme() {
  std::set<std::string> rules;
  std::istringstream text(TextOf(std::filesystem::path(kFolder) / "README.md"));
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with("| `")) continue;
    rules.merge(Matches(line.substr(0, line.find('|', 1)), "`([a-z_]+)`"));
  }
  return rules;
}

TEST(RulesTest, TheTableNamesEveryRuleAndNoOther) {
  const std::set<std::string> sources = RulesOfSources();
  EXPECT_GT(sources.size(), 20u);
  EXPECT_EQ(RulesOfReadme(), sources);
}

}  // namespace
}  // namespace quartermaster::ledger::fsck
