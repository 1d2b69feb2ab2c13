#include "tests/support/token_functions.h"

#include <sodium.h>

#include <algorithm>
#include <string_view>

namespace token_functions {

namespace {

CK_RV finalize(void* /*reserved*/) {
  return CKR_OK;
}
CK_RV info(CK_INFO* out) {
  *out = {};
  out->cryptokiVersion = {2, 40};
  return CKR_OK;
}

CK_RV function_list(CK_FUNCTION_LIST** out);

CK_FUNCTION_LIST make_list() {
  CK_FUNCTION_LIST list{};
  list.version = {2, 40};
  list.C_Initialize = initialize;
  list.C_Finalize = finalize;
  list.C_GetInfo = info;
  list.C_GetFunctionList = function_list;
  list.C_GetSlotList = slot_list;
  list.C_GetTokenInfo = token_info;
  list.C_OpenSession = open_session;
  list.C_CloseSession = close_session;
  list.C_Login = login;
  list.C_FindObjectsInit = find_init;
  list.C_FindObjects = find;
  list.C_FindObjectsFinal = find_final;
  list.C_GetAttributeValue = attribute;
  list.C_SignInit = sign_init;
  list.C_Sign = sign;
  return list;
}

CK_RV function_list(CK_FUNCTION_LIST** out) {
  static CK_FUNCTION_LIST list = make_list();
  *out = &list;
  return CKR_OK;
}

}  // namespace

Key::Key(std::uint8_t seed) {
  std::array<unsigned char, 32> bytes{};
  bytes[0] = seed;
  crypto_sign_seed_keypair(point.data(), secret.data(), bytes.data());
}

void pad(unsigned char* field, std::size_t size, const char* text) {
  const std::string_view word(text);
  std::fill_n(field, size, ' ');
  std::copy(word.begin(), word.end(), field);
}

}  // namespace token_functions

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** out) {
  return token_functions::function_list(out);
}
