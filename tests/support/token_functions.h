// A PKCS#11 module of the tests: what the agent calls of one. A module defines these functions and is built
// with token_functions.cpp, which has the table they are found by, and what all modules say alike.
#pragma once

#include <p11-kit/pkcs11.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace token_functions {

CK_RV initialize(void* arguments);
CK_RV slot_list(unsigned char present, CK_SLOT_ID* slots, CK_ULONG* count);
CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO* out);
CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void* application, CK_NOTIFY notify,
                   CK_SESSION_HANDLE* session);
CK_RV close_session(CK_SESSION_HANDLE session);
CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char* pin, CK_ULONG size);
CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE* terms, CK_ULONG count);
CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE* objects, CK_ULONG room, CK_ULONG* found);
CK_RV find_final(CK_SESSION_HANDLE session);
CK_RV attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* wanted, CK_ULONG count);
CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key);
CK_RV sign(CK_SESSION_HANDLE session, unsigned char* message, CK_ULONG size, unsigned char* out,
           CK_ULONG* out_size);

// The key a module holds, another for each `seed`.
struct Key {
  explicit Key(std::uint8_t seed);
  std::array<unsigned char, 32> point{};
  std::array<unsigned char, 64> secret{};
};

// A field of fixed size, filled with blanks.
void pad(unsigned char* field, std::size_t size, const char* text);

}  // namespace token_functions
