// Coroutines on a gRPC completion queue: a call reads from top to bottom although it waits a dozen
// times. Everything here belongs to one queue, which one thread serves: no locks are needed.
//
// Give what is awaited a name before deciding by it: g++ 12 lays out the frame wrongly when co_await
// stands in the condition of an `if` or `while`.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_PROXY_COROUTINE_H_
#define QUARTERMASTER_SERVICES_GATEWAY_PROXY_COROUTINE_H_

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace quartermaster::gateway {

// The tag of one operation at a time. Start the operation with tag(), then `bool ok = co_await
// completion`. May be used again afterwards.
class Completion {
 public:
  void* tag() { return this; }

  // The queue's thread calls this for every tag that it takes out.
  static void Fire(void* tag, bool ok) { static_cast<Completion*>(tag)->Complete(ok); }

  // What co_await calls.
  bool await_ready() const { return done_; }
  void await_suspend(std::coroutine_handle<> waiter) { waiter_ = waiter; }
  bool await_resume() {
    done_ = false;
    return ok_;
  }

  // The same for coroutines of one queue among themselves.
  void Complete(bool ok) {
    ok_ = ok;
    done_ = true;
    if (waiter_) std::exchange(waiter_, nullptr).resume();
  }

 private:
  std::coroutine_handle<> waiter_;
  bool done_ = false;
  bool ok_ = false;
};

// A coroutine that nobody waits for: runs at once and frees itself when it ends.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

// A coroutine that one other awaits; it starts when it is awaited. T need not be copyable.
template <typename T>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    std::optional<T> value;
    std::coroutine_handle<> waiter;

    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      struct Awaiter {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) noexcept {
          return ended.promise().waiter;
        }
        void await_resume() noexcept {}
      };
      return Awaiter{};
    }
    void return_value(T result) { value = std::move(result); }
    void unhandled_exception() { std::terminate(); }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) {
    handle_.promise().waiter = waiter;
    return handle_;
  }
  T await_resume() { return *std::move(handle_.promise().value); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_PROXY_COROUTINE_H_
