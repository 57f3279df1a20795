// Cuts XML documents with expat: a bare <RUMReport>, or <smartLicense> with any number of them and
// of <smartLicenseSystemInfo>. Knows no document types, no entities and no namespaces (a prefix is
// ignored); other elements inside <smartLicense> are skipped.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_XML_CUTTER_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_XML_CUTTER_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/ingest/domain/document_cutter.h"

struct XML_ParserStruct;

namespace quartermaster::ingest {

class XmlCutter final : public DocumentCutter {
 public:
  // Whether reports of the plain form go past expat. Items and errors are the same either way; a
  // test compares them.
  enum class Way { kFast, kExpatOnly };

  // `offset` of the first byte that will be fed.
  explicit XmlCutter(int64_t offset, Way way = Way::kFast);
  ~XmlCutter() override;

  absl::Status Feed(std::string_view bytes, ItemSink on_item) override;
  absl::Status Finish(ItemSink on_item) override;
  int64_t error_offset() const override { return error_offset_; }
  // <RUMReport/>.
  size_t shortest_report_bytes() const override { return 12; }

 private:
  // The element that is open, as far as it matters.
  enum class Place {
    kOutside,     // of the root
    kDocument,    // directly in <smartLicense>
    kReport,      // in <RUMReport>
    kSystemInfo,  // directly in <smartLicenseSystemInfo>
    kData,        // in its <data>
    kSkipped,     // in an element that is not read
  };
  struct Callbacks;

  void StartElement(const char* name, const char** attributes);
  void EndElement();
  void Text(std::string_view text);
  void Markup();
  void Doctype();

  void Enter(Place place);
  void EnterSkipped();
  void BeginItem();
  void EmitReport();
  void EmitSystemInfo();
  // False after an error.
  bool RememberName(std::string_view name);
  bool CheckMarkupSize(int64_t bytes);

  // Takes reports of the plain form from the front; answers how many bytes.
  size_t TakePlainReports(std::string_view bytes);
  void FeedExpat(std::string_view bytes);
  void Parse(std::string_view bytes, bool is_last);
  void RefuseAsExpatDoes();
  void Refuse(absl::Status status, int64_t offset);
  // Of the token that is being read, in the document.
  int64_t TokenOffset() const;

  const Way way_;
  XML_ParserStruct* const parser_;
  // What is added to expat's count of bytes for an offset in the document: it grows with each
  // report that goes past expat.
  int64_t shift_;
  int64_t fed_ = 0;  // bytes that expat got
  // Value of fed_ at which expat stands directly in <smartLicense>, with nothing half read.
  int64_t clean_at_ = -1;

  Place place_ = Place::kOutside;
  Place place_before_skipped_ = Place::kOutside;
  int depth_ = 0;
  int place_depth_ = 0;  // of the element that place_ is about
  std::set<std::string, std::less<>> names_;

  std::string text_;
  bool too_large_ = false;
  bool has_children_ = false;
  int64_t item_offset_ = 0;

  const ItemSink* on_item_ = nullptr;  // while Feed or Finish runs
  absl::Status error_;
  int64_t error_offset_ = 0;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_XML_CUTTER_H_
