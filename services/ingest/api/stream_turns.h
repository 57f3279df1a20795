// Whose turn it is on the stream of an import. gRPC allows one read and one write at a time and
// touches nothing of a call after its end; a step (a worker at the message that came) keeps the next
// read away, because both own the message.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_STREAM_TURNS_H_
#define QUARTERMASTER_SERVICES_INGEST_API_STREAM_TURNS_H_

namespace quartermaster::ingest {

// Not thread-safe: the call asks and tells under its lock, and acts after it. Begins with the first
// read, which the call starts.
class StreamTurns {
 public:
  // True: the caller starts a read outside of the lock, then says ReadStarted.
  bool TryRead() {
    if (finished_ || reading_ || read_starting_ || stepping_) return false;
    return reading_ = read_starting_ = true;
  }
  void ReadStarted() { read_starting_ = false; }
  // A message came, or the end; its step begins.
  void ReadDone() {
    reading_ = false;
    stepping_ = true;
  }

  // True: the caller goes on with the message that it has.
  bool TryStep() {
    if (finished_ || reading_ || read_starting_ || stepping_) return false;
    return stepping_ = true;
  }
  void StepDone() { stepping_ = false; }

  bool TryWrite() {
    if (finished_ || writing_) return false;
    return writing_ = true;
  }
  void WriteDone() { writing_ = false; }

  // True, once: the caller ends the call. A read that waits for the client ends with it; one that is
  // being started would be started on a stream that is gone.
  bool TryFinish() {
    if (finished_ || read_starting_ || stepping_ || writing_) return false;
    return finished_ = true;
  }

  bool reading() const { return reading_; }
  bool stepping() const { return stepping_; }
  bool finished() const { return finished_; }

 private:
  bool reading_ = true;
  bool read_starting_ = true;
  bool stepping_ = false;
  bool writing_ = false;
  bool finished_ = false;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_STREAM_TURNS_H_
