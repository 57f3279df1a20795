#include "services/common/ids/random.h"

#include <sys/random.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

#include <pthread.h>

namespace quartermaster::ids {
namespace {

// Raised in the child of every fork, so that two processes never go on with one sequence.
volatile uint32_t g_forks = 0;
std::once_flag g_watch_forks;

void ReadKernel(void* bytes, size_t size) {
  if (getrandom(bytes, size, 0) == static_cast<ssize_t>(size)) return;
  fputs("getrandom failed: names would not be unique\n", stderr);
  abort();
}

// xoshiro256** by Blackman and Vigna (public domain algorithm).
class Generator {
 public:
  uint64_t Next() {
    if (!seeded_ || forks_ != g_forks) Seed();
    const uint64_t result = Rotate(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = Rotate(state_[3], 45);
    return result;
  }

 private:
  static uint64_t Rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

  void Seed() {
    std::call_once(g_watch_forks, [] { pthread_atfork(nullptr, nullptr, [] { g_forks = g_forks + 1; }); });
    ReadKernel(state_, sizeof(state_));
    forks_ = g_forks;
    seeded_ = true;
  }

  uint64_t state_[4];
  uint32_t forks_ = 0;
  bool seeded_ = false;
};

}  // namespace

uint64_t RandomBits() {
  thread_local Generator generator;
  return generator.Next();
}

uint64_t SecretBits() {
  uint64_t bits = 0;
  ReadKernel(&bits, sizeof(bits));
  return bits;
}

}  // namespace quartermaster::ids
