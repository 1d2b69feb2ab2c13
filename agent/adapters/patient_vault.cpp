#include "agent/adapters/patient_vault.h"

#include <sodium.h>

#include <stdexcept>
#include <utility>

#include "ledger-client/core/base64.h"

namespace edge {

namespace {

constexpr const char* kKeyName = "pseudonym_key";
constexpr std::size_t kKeyBytes = 32;
constexpr std::string_view kLabel = "edge-phi/v1/pid";
constexpr std::uint32_t kKeyVersion = 1;

void append_le(ledger::Bytes& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void append_lp(ledger::Bytes& out, std::string_view text) {
  append_le(out, text.size(), 8);
  out.insert(out.end(), text.begin(), text.end());
}

std::string stored_key(const std::filesystem::path& database) {
  SharedReader reader(database);
  return reader.with([](ledger::sqlite::Database& connection) {
    auto& select = connection.cached("SELECT value FROM agent_meta WHERE key = ?1");
    select.bind(1, std::string_view(kKeyName));
    std::string value = select.step() ? std::string(select.column_text(0)) : "";
    select.reset();
    return value;
  });
}

void store_key(ledger::Journal& journal, const std::string& sealed) {
  const auto statements = [&](ledger::sqlite::Database& database, std::uint64_t) {
    database.cached("INSERT INTO agent_meta(key, value) VALUES(?1, ?2)")
        .bind(1, std::string_view(kKeyName))
        .bind(2, sealed)
        .run();
  };
  if (!journal.append({}, statements, ledger::Work::kBegun))
    throw std::runtime_error("agent.db can't be written");
}

}  // namespace

PatientVault::PatientVault(ledger::Journal& journal, const std::filesystem::path& database,
                           std::vector<const age::Identity*> identities)
    : identities_(std::move(identities)) {
  std::string sealed = stored_key(database);
  if (sealed.empty()) {
    Secret key = random_secret(kKeyBytes);
    const auto bytes = age::seal(identities_.front()->recipient(), std::as_const(key).reveal());
    sealed = ledger::base64url_encode(bytes);
    store_key(journal, sealed);
    key_ = std::move(key);
    return;
  }
  const auto bytes = ledger::base64url_decode(sealed);
  auto opened = bytes ? age::open(identities_, *bytes) : ledger::Result<ledger::Bytes>(ledger::Problem{""});
  if (!opened || opened->size() != kKeyBytes)
    throw std::runtime_error("no age identity here opens the key of the pseudonyms in agent.db");
  key_ = Secret(std::span<const std::uint8_t>(*opened));
  wipe(*opened);
}

ledger::Bytes PatientVault::seal(std::string_view text) const {
  return age::seal(identities_.front()->recipient(), ledger::as_bytes(text));
}

std::string PatientVault::open(ledger::ByteView sealed) const {
  const auto opened = age::open(identities_, sealed);
  if (!opened) throw std::runtime_error("a sealed text in agent.db does not open: " + opened.error().reason);
  return std::string(ledger::as_text(*opened));
}

Pseudonym PatientVault::pseudonym(std::string_view kind, std::string_view value) const {
  ledger::Bytes input(kLabel.begin(), kLabel.end());
  append_lp(input, kind);
  append_lp(input, value);
  append_le(input, kKeyVersion, 4);
  std::array<std::uint8_t, 32> hash{};
  crypto_generichash(hash.data(), hash.size(), input.data(), input.size(), key_.reveal().data(), kKeyBytes);
  wipe(input);
  Pseudonym out{};
  std::copy_n(hash.begin(), out.size(), out.begin());
  return out;
}

}  // namespace edge
