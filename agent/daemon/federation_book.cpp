#include "agent/daemon/federation_book.h"

#include <algorithm>
#include <bit>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "agent/config/config.h"
#include "agent/daemon/log.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/store/sqlite.h"

namespace edge {

namespace {

using ledger::FederationFate;

constexpr std::size_t kMaxRefused = 64;  // kinds of lies, one for each member; the oldest are forgotten

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    throw ConfigFault(
        "can't read the federation document " + file.string(),
        "the federation's administrators give it; `ehr-agent init --federation FILE --sha256 HEX` "
        "puts it there");
  return {std::istreambuf_iterator<char>(in), {}};
}

void insert(ledger::sqlite::Database& database, const ledger::FederationDocument& document) {
  ledger::sqlite::Statement statement(database,
                                      "INSERT OR IGNORE INTO federation(version, document) VALUES(?, ?)");
  statement.bind(1, static_cast<std::int64_t>(document.version()));
  statement.bind(2, std::string_view{document.text()});
  statement.run();
}

std::vector<std::string> stored_texts(ledger::sqlite::Database& database) {
  std::vector<std::string> texts;
  ledger::sqlite::Statement statement(database, "SELECT document FROM federation ORDER BY version");
  while (statement.step()) texts.emplace_back(statement.column_text(0));
  return texts;
}

}  // namespace

ledger::FederationHistory load_federation(const std::filesystem::path& database,
                                          const std::filesystem::path& file) {
  ledger::sqlite::Database connection(database);
  const auto texts = stored_texts(connection);
  if (!texts.empty()) {
    auto history = ledger::FederationHistory::restore(texts);
    if (!history) throw std::runtime_error("the stored federation document: " + history.error().reason);
    return std::move(history).value();
  }
  auto first = ledger::open_first(read_file(file), std::nullopt);
  if (!first)
    throw ConfigFault(file.string() + ": " + first.error().reason,
                      "compare with the federation's administrators");
  insert(connection, *first);
  return ledger::FederationHistory(std::move(first).value());
}

FederationBook::FederationBook(ledger::FederationHistory history, ledger::Journal& journal,
                               CurrentFederation& current)
    : journal_(journal),
      current_(current),
      history_(std::move(history)),
      stored_(history_.newest().version()) {}

ledger::FederationOffer FederationBook::offer(std::string_view text,
                                              const std::optional<ledger::Address>& from) {
  ledger::FederationOffer offer;
  std::shared_ptr<const ledger::Federation> adopted;
  {
    const std::lock_guard lock(mutex_);
    offer = history_.offer(text);
    if (offer.fate == FederationFate::kAdopted) {
      adopted = history_.newest().shared();
      // In force before it is stored: a revocation waits for no disk. What is lost in a crash is shown again.
      current_.set(adopted);
      std::erase_if(refused_, [](const RefusedFederation& one) {
        return one.code == ledger::AlertCode::kFederationWithheld;
      });
    }
  }
  switch (offer.fate) {
    case FederationFate::kAdopted:
      log::info("federation document adopted", {{"version", std::to_string(offer.version)}});
      if (events_.adopted) events_.adopted(adopted);
      store_pending();
      if (events_.settled) events_.settled();
      break;
    case FederationFate::kForked:
      alarm(ledger::AlertCode::kFederationForked, offer, from);
      break;
    case FederationFate::kForged:
      alarm(ledger::AlertCode::kFederationForged, offer, from);
      break;
    default:
      break;
  }
  if (from && offer.fate != FederationFate::kForged) watch_for_rollback(offer, *from);
  return offer;
}

// A member may repeat what was refused as fast as it can publish: everybody hears of it once, and the log
// tells the first, second, fourth, eighth time.
void FederationBook::alarm(ledger::AlertCode code, const ledger::FederationOffer& offer,
                           const std::optional<ledger::Address>& from) {
  std::uint64_t times = 0;
  {
    const std::lock_guard lock(mutex_);
    auto known = std::find_if(refused_.begin(), refused_.end(), [&](const RefusedFederation& one) {
      return one.code == code && one.from == from;
    });
    if (known == refused_.end()) {
      if (refused_.size() == kMaxRefused) refused_.erase(refused_.begin());
      known = refused_.insert(refused_.end(), {code, from, 0, {}, 0});
    }
    known->version = offer.version;
    known->reason = offer.reason;
    times = ++known->times;
  }
  if (!std::has_single_bit(times)) return;
  log::error("federation document refused",
             {{"code", ledger::alert_code_text(code)},
              {"version", offer.version == 0 ? "unreadable" : std::to_string(offer.version)},
              {"peer", from ? from->text() : "none: brought by hand, or asked for"},
              {"times", std::to_string(times)},
              {"reason", offer.reason}});
  if (times == 1 && events_.alarm) events_.alarm(code);
}

void FederationBook::withheld(const std::string& reason) {
  ledger::FederationOffer missing;
  {
    const std::lock_guard lock(mutex_);
    missing.version = history_.newest().version() + 1;
  }
  missing.reason = "a newer version is in use, and nobody shows it: " + reason;
  alarm(ledger::AlertCode::kFederationWithheld, missing, std::nullopt);
}

std::vector<RefusedFederation> FederationBook::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

// Who has shown a version doesn't forget it. That a member is behind is no lie: it may have been away.
void FederationBook::watch_for_rollback(ledger::FederationOffer offer, const ledger::Address& from) {
  std::uint64_t before = 0;
  {
    const std::lock_guard lock(mutex_);
    std::uint64_t& newest = shown_[from];
    before = std::exchange(newest, std::max(newest, offer.version));
  }
  if (offer.version >= before) return;
  offer.reason = "the same member has shown version " + std::to_string(before) + " before";
  alarm(ledger::AlertCode::kFederationRolledBack, offer, from);
}

std::string FederationBook::newest_text() const {
  const std::lock_guard lock(mutex_);
  return history_.newest().text();
}

std::shared_ptr<const ledger::Federation> FederationBook::version(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto* document = history_.find(number);
  return document == nullptr ? nullptr : document->shared();
}

std::vector<std::string> FederationBook::range(std::uint64_t from, std::uint64_t count,
                                               std::size_t max_bytes) const {
  const std::lock_guard lock(mutex_);
  return history_.range(from, count, max_bytes);
}

void FederationBook::store_pending() {
  const std::lock_guard one_at_a_time(storing_);
  std::vector<ledger::FederationDocument> pending;
  {
    const std::lock_guard lock(mutex_);
    for (std::uint64_t version = stored_ + 1; version <= history_.newest().version(); ++version)
      pending.push_back(*history_.find(version));
  }
  if (pending.empty()) return;
  std::vector<ledger::NewEntry> entries;
  entries.reserve(pending.size());
  for (const auto& document : pending) {
    entries.push_back({std::string{ledger::entry_type::kFederationAdopted},
                       ledger::encode_body(ledger::FederationAdopted{document.version(), document.sha256()}),
                       {}});
  }
  const auto statements = [&pending](ledger::sqlite::Database& database, std::uint64_t) {
    for (const auto& document : pending) insert(database, document);
  };
  if (!journal_.append(std::move(entries), statements, ledger::Work::kBegun)) {
    // The ledger waits for the comparison with others, is frozen, or the disk is full: tried again later.
    log::warning("the adopted federation document is not anchored yet; it is in force all the same");
    return;
  }
  const std::lock_guard lock(mutex_);
  stored_ = pending.back().version();
}

}  // namespace edge
