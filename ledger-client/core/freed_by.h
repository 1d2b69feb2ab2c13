// The deleter of a C library's object: `std::unique_ptr<BIO, FreedBy<BIO_free_all>>`.
#pragma once

namespace ledger {

template <auto kFree>
struct FreedBy {
  template <class Object>
  void operator()(Object* object) const {
    kFree(object);
  }
};

}  // namespace ledger
