// BooksService of ledger.v1: fsck for clients.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_BOOKS_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_BOOKS_SERVICE_H_

#include <atomic>

#include "quartermaster/ledger/v1/books.grpc.pb.h"
#include "services/common/pg/pool.h"

namespace quartermaster::ledger::fsck {

// Thread-safe. One check and one verification at a time in a process: a second caller gets
// RESOURCE_EXHAUSTED.
class BooksServiceImpl final : public v1::BooksService::Service {
 public:
  // The pool must outlive the service.
  explicit BooksServiceImpl(pg::Pool& pool) : pool_(pool) {}

  grpc::Status CheckBooks(grpc::ServerContext* context, const v1::CheckBooksRequest* request,
                          grpc::ServerWriter<v1::CheckBooksResponse>* writer) override;
  grpc::Status VerifyLedger(grpc::ServerContext* context, const v1::VerifyLedgerRequest* request,
                            grpc::ServerWriter<v1::VerifyLedgerResponse>* writer) override;

 private:
  pg::Pool& pool_;
  std::atomic<bool> checking_ = false;
  std::atomic<bool> verifying_ = false;
};

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_BOOKS_SERVICE_H_
