// A PKCS#11 module that lies as EHR_TEST_TOKEN says: what a broken or hostile module could answer. Without a
// lie it signs with a fixed key. Loaded by the tests as a shared object.
#include "tests/support/token_functions.h"

#include <sodium.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace token_functions {

namespace {

constexpr CK_SLOT_ID kSlot = 7;
constexpr CK_SESSION_HANDLE kSession = 9;

bool lie(const char* name) {
  const char* const said = std::getenv("EHR_TEST_TOKEN");  // NOLINT(concurrency-mt-unsafe)
  return said != nullptr && std::string(said) == name;
}

Key held() {
  return Key(lie("another-key") ? 2 : 1);
}

}  // namespace

CK_RV initialize(void* /*arguments*/) {
  return lie("init-error") ? CKR_GENERAL_ERROR : CKR_OK;
}

CK_RV slot_list(unsigned char /*present*/, CK_SLOT_ID* slots, CK_ULONG* count) {
  if (lie("slots-huge")) {
    *count = ~0UL;
    return CKR_OK;
  }
  if (lie("no-token")) {
    *count = 0;
    return CKR_OK;
  }
  if (slots != nullptr && lie("slots-grow")) {
    *count = 100'000;
    return CKR_OK;
  }
  if (slots != nullptr) *slots = kSlot;
  *count = 1;
  return CKR_OK;
}

CK_RV token_info(CK_SLOT_ID /*slot*/, CK_TOKEN_INFO* out) {
  if (lie("token-error")) return CKR_TOKEN_NOT_PRESENT;
  *out = {};
  pad(out->label, sizeof out->label, "lying");
  pad(out->manufacturerID, sizeof out->manufacturerID, "test");
  pad(out->model, sizeof out->model, "test");
  pad(out->serialNumber, sizeof out->serialNumber, "1");
  return CKR_OK;
}

CK_RV open_session(CK_SLOT_ID /*slot*/, CK_FLAGS /*flags*/, void* /*application*/, CK_NOTIFY /*notify*/,
                   CK_SESSION_HANDLE* session) {
  *session = kSession;
  return lie("session-error") ? CKR_SESSION_COUNT : CKR_OK;
}
CK_RV close_session(CK_SESSION_HANDLE /*session*/) {
  return CKR_OK;
}
CK_RV login(CK_SESSION_HANDLE /*session*/, CK_USER_TYPE /*user*/, unsigned char* /*pin*/, CK_ULONG /*size*/) {
  return lie("pin-refused") ? CKR_PIN_INCORRECT : CKR_OK;
}

CK_RV find_init(CK_SESSION_HANDLE /*session*/, CK_ATTRIBUTE* /*terms*/, CK_ULONG /*count*/) {
  return lie("find-error") ? CKR_FUNCTION_FAILED : CKR_OK;
}
CK_RV find(CK_SESSION_HANDLE /*session*/, CK_OBJECT_HANDLE* objects, CK_ULONG room, CK_ULONG* found) {
  for (CK_ULONG i = 0; i < room; ++i) objects[i] = 3 + i;
  *found = lie("nothing-found") ? 0 : lie("many-found") ? 1'000'000 : 1;
  return CKR_OK;
}
CK_RV find_final(CK_SESSION_HANDLE /*session*/) {
  return CKR_OK;
}

CK_RV attribute(CK_SESSION_HANDLE /*session*/, CK_OBJECT_HANDLE /*object*/, CK_ATTRIBUTE* wanted,
                CK_ULONG /*count*/) {
  const Key key = held();
  if (lie("point-unavailable")) {
    wanted->ulValueLen = ~0UL;
    return CKR_OK;
  }
  if (lie("point-error")) return CKR_ATTRIBUTE_SENSITIVE;
  auto* out = static_cast<unsigned char*>(wanted->pValue);
  wanted->ulValueLen = key.point.size();
  if (lie("point-der")) {
    *out++ = 0x04;
    *out++ = 0x20;
    wanted->ulValueLen += 2;
  }
  std::memcpy(out, key.point.data(), key.point.size());
  if (lie("point-short")) wanted->ulValueLen = 31;
  if (lie("point-p256")) wanted->ulValueLen = 67;
  return CKR_OK;
}

CK_RV sign_init(CK_SESSION_HANDLE /*session*/, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE /*key*/) {
  if (lie("removed")) return CKR_DEVICE_REMOVED;
  return mechanism->mechanism == CKM_EDDSA ? CKR_OK : CKR_MECHANISM_INVALID;
}
CK_RV sign(CK_SESSION_HANDLE /*session*/, unsigned char* message, CK_ULONG size, unsigned char* out,
           CK_ULONG* out_size) {
  if (lie("sign-error")) return CKR_DEVICE_ERROR;
  const Key key = held();
  crypto_sign_detached(out, nullptr, message, lie("signs-less") && size > 0 ? size - 1 : size,
                       key.secret.data());
  *out_size = lie("short") ? 63 : lie("long") ? 65 : lie("empty") ? 0 : lie("huge") ? ~0UL : 64;
  if (lie("flipped")) out[40] ^= 1;
  if (lie("zeros")) std::memset(out, 0, 64);
  return CKR_OK;
}

}  // namespace token_functions
