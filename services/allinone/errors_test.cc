// docs/reference/errors.md against the error kinds of all services: one heading an id, followed by
// the canonical code and whether a retry can help, and by a text for people.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/allinone/hosted_services.h"
#include "services/common/errors/error.h"
#include "services/common/lifecycle/run_process.h"

namespace quartermaster {
namespace {

struct Entry {
  std::string facts;  // the line below the heading
  std::string text;   // what follows, up to the next heading
};

struct Page {
  std::vector<std::string> order;
  std::map<std::string, Entry> entries;
};

// "### `ingest.payload_malformed`" starts an entry.
Page ReadPage() {
  Page page;
  std::ifstream file("docs/reference/errors.md");
  Entry* entry = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("### `") && line.ends_with("`")) {
      const std::string id = line.substr(5, line.size() - 6);
      page.order.push_back(id);
      entry = &page.entries[id];
    } else if (line.starts_with("#")) {
      entry = nullptr;
    } else if (entry != nullptr && entry->facts.empty()) {
      entry->facts = line;
    } else if (entry != nullptr) {
      entry->text += line;
    }
  }
  return page;
}

std::string FactsOf(const errors::ErrorKind& kind) {
  return absl::StrCat("`", absl::StatusCodeToString(kind.code), "`, ",
                      kind.retryable ? "a retry can help" : "a retry cannot help");
}

// What stands in for an entry that is missing, ready to be pasted and completed.
std::string Stub(const errors::ErrorKind& kind) {
  return absl::StrCat("\n### `", kind.id, "`\n", FactsOf(kind), "\n\n…\n");
}

class ErrorsReferenceTest : public testing::Test {
 protected:
  void SetUp() override {
    // Naming the services and the process links them, and the errors that they register.
    ASSERT_EQ(AllServices().size(), 4u);
    auto* volatile const process = &RunProcess;
    ASSERT_TRUE(process != nullptr);
  }

  const std::vector<errors::ErrorKind> kinds_ = errors::AllErrorKinds();
  const Page page_ = ReadPage();
};

TEST_F(ErrorsReferenceTest, EveryIdHasAnEntryWithItsCodeAndRetryability) {
  for (const errors::ErrorKind& kind : kinds_) {
    const auto found = page_.entries.find(kind.id);
    if (found == page_.entries.end()) {
      ADD_FAILURE() << "missing:\n" << Stub(kind);
      continue;
    }
    EXPECT_EQ(found->second.facts, FactsOf(kind)) << kind.id;
    EXPECT_GT(found->second.text.size(), 20u) << kind.id << " says nothing";
  }
}

TEST_F(ErrorsReferenceTest, NoEntryIsOfAnErrorThatIsGone) {
  std::set<std::string> known;
  for (const errors::ErrorKind& kind : kinds_) known.insert(kind.id);
  for (const std::string& id : page_.order) EXPECT_TRUE(known.contains(id)) << id;
}

TEST_F(ErrorsReferenceTest, EntriesStandOnceAndInOrder) {
  EXPECT_TRUE(std::is_sorted(page_.order.begin(), page_.order.end()));
  EXPECT_EQ(std::set<std::string>(page_.order.begin(), page_.order.end()).size(), page_.order.size());
}

TEST_F(ErrorsReferenceTest, IdsAreAnAreaAndWordsAndUnique) {
  std::set<std::string> seen;
  for (const errors::ErrorKind& kind : kinds_) {
    const std::string id = kind.id;
    EXPECT_TRUE(seen.insert(id).second) << id << " is registered twice";
    const size_t dot = id.find('.');
    ASSERT_NE(dot, std::string::npos) << id;
    EXPECT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", dot + 1), std::string::npos)
        << id;
    EXPECT_GT(dot, 1u) << id;
  }
}

}  // namespace
}  // namespace quartermaster
