// A value or the reason why there is none. Expected "no" answers travel this way; faults are exceptions.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace ledger {

// Why bytes, a proof or a signature were not accepted. `reason` names the place; it never quotes foreign
// content.
struct Problem {
  std::string reason;
};

template <class T, class E = Problem>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(E error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Precondition: ok(). std::bad_variant_access otherwise, which is a programming error.
  const T& value() const& { return std::get<0>(state_); }
  T& value() & { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  const T* operator->() const { return &std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T& operator*() & { return std::get<0>(state_); }

  // Precondition: !ok().
  const E& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, E> state_;
};

// Success without a value.
struct Done {};

}  // namespace ledger
