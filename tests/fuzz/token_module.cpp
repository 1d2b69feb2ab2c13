// A PKCS#11 module whose every answer comes from the fuzzer's bytes: codes, counts, lengths, handles, keys
// and signatures. It keeps to the memory it is given, as a module in one's own process can't be defended
// against; what it says of it is all lies. Where the bytes say so, it signs rightly.
#include "tests/fuzz/token_module.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "tests/support/token_functions.h"

namespace token_functions {

namespace {

const std::uint8_t* at = nullptr;
const std::uint8_t* end = nullptr;

// 0 where nothing is left: an honest answer, mostly.
std::uint8_t next() {
  return at != end ? *at++ : 0;
}

CK_RV code() {
  constexpr std::array<CK_RV, 8> kCodes{
      CKR_GENERAL_ERROR,  CKR_DEVICE_REMOVED,         CKR_PIN_INCORRECT,       CKR_BUFFER_TOO_SMALL,
      CKR_SESSION_CLOSED, CKR_USER_ALREADY_LOGGED_IN, CKR_ATTRIBUTE_SENSITIVE, 0xffffffffUL};
  const std::uint8_t said = next();
  return said < 0xe0 ? CKR_OK : kCodes.at(said & 7U);
}

// What should be `honest`.
CK_ULONG number(CK_ULONG honest) {
  const std::uint8_t said = next();
  if (said < 0xc0) return honest;
  if (said < 0xe0) return said & 31U;
  if (said < 0xf0) return ~0UL - (said & 15U);
  return honest + said - 0xf8U;
}

void fill(void* out, std::size_t size) {
  auto* bytes = static_cast<std::uint8_t*>(out);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = next();
}

}  // namespace

CK_RV initialize(void* /*arguments*/) {
  return CKR_OK;
}
CK_RV slot_list(unsigned char /*present*/, CK_SLOT_ID* slots, CK_ULONG* count) {
  const CK_ULONG room = slots != nullptr ? *count : 0;
  *count = number(1);
  for (CK_ULONG i = 0; i < room; ++i) slots[i] = i;
  return code();
}
CK_RV token_info(CK_SLOT_ID /*slot*/, CK_TOKEN_INFO* out) {
  *out = {};
  if (next() < 0xc0)
    pad(out->label, sizeof out->label, "fuzz");
  else
    fill(out, sizeof *out);
  return code();
}
CK_RV open_session(CK_SLOT_ID /*slot*/, CK_FLAGS /*flags*/, void* /*application*/, CK_NOTIFY /*notify*/,
                   CK_SESSION_HANDLE* session) {
  *session = number(9);
  return code();
}
CK_RV close_session(CK_SESSION_HANDLE /*session*/) {
  return code();
}
CK_RV login(CK_SESSION_HANDLE /*session*/, CK_USER_TYPE /*user*/, unsigned char* /*pin*/, CK_ULONG /*size*/) {
  return code();
}
CK_RV find_init(CK_SESSION_HANDLE /*session*/, CK_ATTRIBUTE* /*terms*/, CK_ULONG /*count*/) {
  return code();
}
CK_RV find(CK_SESSION_HANDLE /*session*/, CK_OBJECT_HANDLE* objects, CK_ULONG room, CK_ULONG* found) {
  for (CK_ULONG i = 0; i < room; ++i) objects[i] = number(3);
  *found = number(1);
  return code();
}
CK_RV find_final(CK_SESSION_HANDLE /*session*/) {
  return code();
}
CK_RV attribute(CK_SESSION_HANDLE /*session*/, CK_OBJECT_HANDLE /*object*/, CK_ATTRIBUTE* wanted,
                CK_ULONG /*count*/) {
  static const Key key(1);
  const CK_ULONG room = wanted->ulValueLen;
  const std::uint8_t form = next();
  auto* out = static_cast<unsigned char*>(wanted->pValue);
  CK_ULONG size = 0;
  if (form < 0x80) {
    std::memcpy(out, key.point.data(), size = key.point.size());
  } else if (form < 0xc0) {
    out[0] = 0x04, out[1] = 0x20;
    std::memcpy(out + 2, key.point.data(), key.point.size());
    size = key.point.size() + 2;
  } else {
    fill(out, size = std::min<CK_ULONG>(room, form & 63U));
  }
  wanted->ulValueLen = number(size);
  return code();
}
CK_RV sign_init(CK_SESSION_HANDLE /*session*/, CK_MECHANISM* /*mechanism*/, CK_OBJECT_HANDLE /*key*/) {
  return code();
}
CK_RV sign(CK_SESSION_HANDLE /*session*/, unsigned char* message, CK_ULONG size, unsigned char* out,
           CK_ULONG* out_size) {
  static const Key key(1);
  const CK_ULONG room = *out_size;
  const std::uint8_t form = next();
  if (form < 0xc0) {
    crypto_sign_detached(out, nullptr, message, size, key.secret.data());
    if (form >= 0x80) out[form & 63U] ^= next();
  } else {
    fill(out, std::min<CK_ULONG>(room, 64));
  }
  *out_size = number(64);
  return code();
}

}  // namespace token_functions

extern "C" __attribute__((visibility("default"))) void fuzz_token_answers(const std::uint8_t* data,
                                                                          std::size_t size) {
  token_functions::at = data;
  token_functions::end = data + size;
}
