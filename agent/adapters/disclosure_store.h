// The answering side of agent.db: request ids, audit rows, salts and answers on their way out. Every change
// goes through the journal's writer thread, in one transaction with the ledger entry it belongs to.
// Thread-safe.
#pragma once

#include "agent/adapters/break_glass_store.h"
#include "agent/adapters/consent_store.h"
#include "agent/core/exchange.h"

namespace edge {

// A refusal to be recorded. `distinct` refusals other than `busy` and `failed` count on the ledger, per peer
// and hour.
struct RefusalRecord {
  ledger::Address peer;
  std::string request;
  ledger::Hash sha256{};
  std::string operation, purpose;
  ledger::TimePoint expires{};
  Refusal refusal;
  std::optional<RecordQuery> query{};  // if it is about a patient
  RefusalNote note{};
};

enum class OutboundState { kOpen = 0, kDelivered = 1, kFailed = 2, kDropped = 3 };

// An answer on its way out, without its payload.
struct Outbound {
  ledger::Address peer;
  std::string id;
  OutboundState state = OutboundState::kOpen;
  ledger::TimePoint created{}, deadline{};
  std::string reason;
  ledger::Hash request_sha256{};
  std::uint64_t entry_index = 0;
  std::string content_type;
  std::optional<ledger::Salt> plaintext_salt;
  StoredPayload payload;  // inline_bytes only from outbound()
};

class DisclosureStore : public DisclosureLog {
 public:
  struct Options {
    std::filesystem::path database;
    std::chrono::milliseconds transfer_deadline{};
    std::function<ledger::TimePoint()> now;
    FillRandom fill_random;
    const ConsentStore* consents = nullptr;  // without it and the vault nothing can be issued
    const PatientVault* vault = nullptr;     // nor can what is about a patient be refused
    // Whether what that key signed may be anchored still; asked within the transaction.
    std::function<bool(const std::string& kid)> may_anchor = [](const std::string&) { return true; };
  };
  DisclosureStore(ledger::Journal& journal, Options options);

  std::optional<KnownRequest> known(const ledger::Address& peer, const std::string& id) override;
  IssueOutcome issue(const Disclosure& disclosure) override;
  // Throws Unavailable or AuditFailed if it can't be recorded.
  void refuse(const RefusalRecord& record);

  // One entry per peer for every hour that is over (`refusals`). Returns how many were appended.
  std::size_t append_refusal_counts();
  // Forgets ids that expired `margin` ago and moves the watermark; returns the watermark.
  ledger::TimePoint prune(std::chrono::milliseconds margin);
  ledger::TimePoint watermark();

  // Open transfers, or with `only_open` false the failed ones too.
  std::vector<Outbound> list_outbound(bool only_open);
  // Whose request an answer's id belongs to.
  std::optional<ledger::Address> receiver_of(const std::string& id);
  // Deletes transfers that ended before, and with them what known() knows of their requests: those must be
  // older than the watermark. Returns the spool files that are free now.
  std::vector<std::string> forget_before(ledger::TimePoint transfers);
  std::optional<Outbound> outbound(const ledger::Address& peer, const std::string& id);
  // By what an answer was given, with the consents in force now; nothing if that is not known.
  std::optional<GivenAnswer> given(const ledger::Address& peer, const std::string& id);
  // ConsentStore::changes().
  std::uint64_t consent_changes() const { return options_.consents->changes(); }
  // The anchor for sending a manifest again: against the witnessed checkpoint where it covers the entry, else
  // against the newest one.
  Anchor anchor(std::uint64_t entry_index, const std::string& witnessed_note = {});
  enum class Delivery { kDone, kAlready, kFailed };
  // Appends bundle.delivered, ends the transfer and forgets the payload; in no hurry, since a lost receipt is
  // sent again. `then` is told on the journal's terms (Journal::append_soon).
  void delivered(const ledger::Address& peer, const std::string& id, const ledger::Hash& receipt_sha256,
                 std::function<void(Delivery)> then);
  void end_outbound(const ledger::Address& peer, const std::string& id, OutboundState state,
                    const std::string& reason);
  // Opens a failed or dropped transfer again, with a new deadline. False if there is none with a payload.
  bool reopen_outbound(const ledger::Address& peer, const std::string& id);

  std::string meta(const std::string& key);
  void set_meta(const std::string& key, const std::string& value);

 private:
  ledger::Journal& journal_;
  Options options_;
  SharedReader reader_;
};

}  // namespace edge
