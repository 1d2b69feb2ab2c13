#include "agent/adapters/token_session.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <vector>

#include "agent/adapters/key_formats.h"
#include "ledger-client/core/freed_by.h"

namespace edge {

namespace {

constexpr CK_ULONG kMaxSlots = 256, kMaxPoint = 256;

[[noreturn]] void fail(const std::string& what, CK_RV code) {
  const char* const words = p11_kit_strerror(code);
  throw std::runtime_error(what + ": " + (words != nullptr ? words : "error " + std::to_string(code)));
}

void check(CK_RV code, const char* what) {
  if (code != CKR_OK) fail(what, code);
}

using Uri = std::unique_ptr<P11KitUri, ledger::FreedBy<p11_kit_uri_free>>;

Uri parse(const std::string& text) {
  Uri uri(p11_kit_uri_new());
  const int code = p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, uri.get());
  if (code != P11_KIT_URI_OK) throw std::runtime_error("not a pkcs11: URI");
  return uri;
}

// The modules that may hold the token, initialised; let go in the end.
class Modules {
 public:
  explicit Modules(P11KitUri* uri) {
    const char* const path = p11_kit_uri_get_module_path(uri);
    if (path != nullptr) {
      single_ = p11_kit_module_load(path, 0);
      if (single_ == nullptr)
        throw std::runtime_error("the module " + std::string(path) + " can't be loaded");
      const CK_RV code = p11_kit_module_initialize(single_);
      if (code != CKR_OK) {
        p11_kit_module_release(single_);
        fail("the module can't be initialised", code);
      }
      list_ = {single_};
      return;
    }
    all_ = p11_kit_modules_load_and_initialize(0);
    if (all_ == nullptr) throw std::runtime_error("p11-kit's modules can't be loaded");
    for (CK_FUNCTION_LIST** module = all_; *module != nullptr; ++module) list_.push_back(*module);
  }
  ~Modules() {
    if (single_ != nullptr) {
      p11_kit_module_finalize(single_);
      p11_kit_module_release(single_);
    } else {
      p11_kit_modules_finalize(all_);
      p11_kit_modules_release(all_);
    }
  }
  Modules(const Modules&) = delete;
  Modules& operator=(const Modules&) = delete;
  const std::vector<CK_FUNCTION_LIST*>& list() const { return list_; }

 private:
  CK_FUNCTION_LIST* single_ = nullptr;
  CK_FUNCTION_LIST** all_ = nullptr;
  std::vector<CK_FUNCTION_LIST*> list_;
};

std::vector<CK_SLOT_ID> slots_of(CK_FUNCTION_LIST* module) {
  CK_ULONG count = 0;
  if (module->C_GetSlotList(CK_TRUE, nullptr, &count) != CKR_OK || count > kMaxSlots) return {};
  std::vector<CK_SLOT_ID> slots(count);
  // The list may have grown or shrunk meanwhile; what is said now must fit what was asked for.
  if (module->C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK || count > slots.size()) return {};
  slots.resize(count);
  return slots;
}

struct Place {
  CK_FUNCTION_LIST* module = nullptr;
  CK_SLOT_ID slot = 0;
};

Place find_token(const Modules& modules, P11KitUri* uri) {
  std::optional<Place> found;
  for (CK_FUNCTION_LIST* module : modules.list()) {
    for (const CK_SLOT_ID slot : slots_of(module)) {
      CK_TOKEN_INFO info{};
      if (module->C_GetTokenInfo(slot, &info) != CKR_OK || p11_kit_uri_match_token_info(uri, &info) != 1)
        continue;
      if (found) throw std::runtime_error("two tokens fit the URI");
      found = Place{module, slot};
    }
  }
  if (!found) throw std::runtime_error("the token is not there");
  return *found;
}

}  // namespace

struct TokenSession::State {
  State(const std::string& text, const Secret& pin) : uri(parse(text)), modules(uri.get()) {
    const Place place = find_token(modules, uri.get());
    module = place.module;
    check(module->C_OpenSession(place.slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session),
          "the token opens no session");
    open = true;
    try {
      log_in(pin);
      private_key = find(CKO_PRIVATE_KEY).value_or(CK_INVALID_HANDLE);
      if (private_key == CK_INVALID_HANDLE) throw std::runtime_error("the token does not hold the key");
    } catch (...) {
      close();
      throw;
    }
  }
  ~State() { close(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void close() {
    if (open) module->C_CloseSession(session);
    open = false;
  }

  void log_in(const Secret& pin) {
    if (pin.size() == 0) return;
    // The API takes a pointer to bytes it does not change.
    auto* const bytes = const_cast<CK_UTF8CHAR_PTR>(pin.reveal().data());
    const CK_RV code = module->C_Login(session, CKU_USER, bytes, pin.size());
    if (code != CKR_OK && code != CKR_USER_ALREADY_LOGGED_IN) fail("the token refuses the PIN", code);
  }

  // The one object of this class that the URI names.
  std::optional<CK_OBJECT_HANDLE> find(CK_OBJECT_CLASS wanted) const {
    CK_ULONG count = 0;
    const CK_ATTRIBUTE* const named = p11_kit_uri_get_attributes(uri.get(), &count);
    std::vector<CK_ATTRIBUTE> terms;
    for (CK_ULONG i = 0; i < count; ++i) {
      if (named[i].type != CKA_CLASS) terms.push_back(named[i]);
    }
    terms.push_back({CKA_CLASS, &wanted, sizeof wanted});
    check(module->C_FindObjectsInit(session, terms.data(), terms.size()), "the token does not search");
    std::array<CK_OBJECT_HANDLE, 2> handles{};
    CK_ULONG found = 0;
    const CK_RV code = module->C_FindObjects(session, handles.data(), handles.size(), &found);
    module->C_FindObjectsFinal(session);
    check(code, "the token does not search");
    if (found > 1) throw std::runtime_error("more than one key fits the URI");
    return found == 1 ? std::optional{handles[0]} : std::nullopt;
  }

  Uri uri;
  Modules modules;
  CK_FUNCTION_LIST* module = nullptr;
  CK_SESSION_HANDLE session = 0;
  CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
  bool open = false;
};

TokenSession::TokenSession(const std::string& uri, const Secret& pin)
    : state_(std::make_unique<State>(uri, pin)) {}

TokenSession::~TokenSession() = default;

ledger::PublicKey TokenSession::public_key() const {
  const State& state = *state_;
  // Some tokens keep the point beside the private key only.
  const CK_OBJECT_HANDLE object = state.find(CKO_PUBLIC_KEY).value_or(state.private_key);
  std::array<std::uint8_t, kMaxPoint> point{};
  CK_ATTRIBUTE attribute{CKA_EC_POINT, point.data(), point.size()};
  check(state.module->C_GetAttributeValue(state.session, object, &attribute, 1),
        "the token shows no public key");
  if (attribute.ulValueLen > point.size()) throw std::runtime_error("the token shows no public key");
  const auto key = key_from_ec_point(std::span(point).first(attribute.ulValueLen));
  if (!key) throw std::runtime_error("the token's key is not an Ed25519 key");
  return *key;
}

ledger::Signature TokenSession::sign(ledger::ByteView message) const {
  const State& state = *state_;
  CK_MECHANISM mechanism{CKM_EDDSA, nullptr, 0};
  check(state.module->C_SignInit(state.session, &mechanism, state.private_key), "the token does not sign");
  // Room for more than a signature, so that a module that writes what it must not say is caught, not obeyed.
  std::array<std::uint8_t, 512> answer{};
  CK_ULONG size = answer.size();
  auto* const bytes = const_cast<CK_BYTE_PTR>(message.data());
  check(state.module->C_Sign(state.session, bytes, message.size(), answer.data(), &size),
        "the token does not sign");
  ledger::Signature signature{};
  if (size != signature.size()) throw std::runtime_error("the token's signature has a wrong length");
  std::copy_n(answer.begin(), signature.size(), signature.begin());
  return signature;
}

}  // namespace edge
