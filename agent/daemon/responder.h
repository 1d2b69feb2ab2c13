// The answering side: requests in, manifests and chunks out, until a receipt ends each transfer. Thread-safe;
// work runs on the queue's threads.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "agent/adapters/disclosure_store.h"
#include "agent/adapters/file_store.h"
#include "agent/core/admission.h"
#include "agent/core/transfer/window.h"
#include "agent/daemon/memory_answers.h"
#include "ledger-client/core/topics.h"

namespace edge {

class Responder {
 public:
  Responder(const Context& context, DisclosureStore& store, FileSpool& spool, Exchange exchange);
  // Waits for the receipts that are being anchored: the journal must still run, the queue's threads not.
  ~Responder();
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;

  // From the MQTT handler: only bounds, copies and queues.
  void on_request(mqtt_transport::Message&& message, const ledger::topics::Parsed& topic);
  void on_ack(mqtt_transport::Message&& message, const ledger::topics::Parsed& topic);

  // Takes up the transfers a former process left open.
  void resume();
  // Sends again what is due; `all` after a reconnect, when silence says nothing.
  void tick(bool all);

  bool retry(const std::string& id);
  bool drop(const std::string& id);
  // Says on the alerts topic that a record was opened in an emergency: a code and an entry, nothing else.
  void alert_break_glass(std::uint64_t entry);
  // Requests that begin from now on are answered by it.
  void use(Exchange exchange);
  void set_draining() { draining_ = true; }
  // Requests that expire at or before it are refused: their ids may be forgotten.
  void set_watermark(ledger::TimePoint watermark) { watermark_ = watermark; }

 private:
  // One answer on its way. Its mutex serialises sending; never held while waiting for the store.
  struct Transfer {
    Transfer(ledger::Address to, std::string request, std::uint64_t chunks, std::uint64_t window)
        : peer(std::move(to)), id(std::move(request)), chunk_count(chunks), send_window(chunks, window) {}
    const ledger::Address peer;
    const std::string id;
    const std::uint64_t chunk_count;
    StoredPayload payload;  // without the bytes
    std::optional<ChunkTree> tree;
    std::mutex mutex;
    SendWindow send_window;
    unsigned attempts = 0;
    Timer::Clock::time_point next_retry{};
    ledger::TimePoint deadline{};
    std::atomic<std::uint64_t> judged{0};  // DisclosureStore::consent_changes() that it was permitted by
  };
  using TransferPointer = std::shared_ptr<Transfer>;
  static std::string key_of(const ledger::Address& peer, const std::string& id) {
    return peer.text() + " " + id;
  }

  void handle_request(const std::shared_ptr<const mqtt_transport::Message>& message,
                      const ledger::topics::Parsed& topic, Timer::Clock::time_point received);
  bool wait_for_version(const std::shared_ptr<const mqtt_transport::Message>& message,
                        const ledger::topics::Parsed& topic, Timer::Clock::time_point received);
  std::atomic<std::size_t> waiting_bytes_{0};
  void handle_verified(const VerifiedRequest& request, Timer::Clock::time_point received);
  void handle_ack(const mqtt_transport::Message& message, const ledger::topics::Parsed& topic);
  void handle_receipt(const std::string& payload, const ledger::topics::Parsed& topic, std::string_view jws);
  void end_transfer(const ledger::Address& peer, const std::string& id, const std::string& file,
                    DisclosureStore::Delivery delivery);
  void work_on(const VerifiedRequest& request, Timer::Clock::time_point received);
  // The same for requests about ledgers: their answers and refusals leave nothing on the disk.
  void work_on_ledgers(const VerifiedRequest& request, const Exchange& exchange,
                       Timer::Clock::time_point received);

  void refuse(const RefusalRecord& record, Timer::Clock::time_point received, bool record_it);
  void send_error(const ledger::Address& peer, const std::string& id, const ledger::Hash& request_sha256,
                  Code code, Timer::Clock::time_point when);
  Timer::Clock::time_point time_to_refuse(Timer::Clock::time_point received) const;
  void send_busy(const VerifiedRequest& request);

  // `judged`: DisclosureStore::consent_changes() from before it was decided on.
  void send_answer(Answer& answer, std::uint64_t judged = 0);
  void send_chunks(Transfer& transfer, const std::vector<std::uint64_t>& numbers);
  void stop_serving(const Transfer& transfer);
  // Whether the consents in force permit what the answer gives: looked at again when one changed, or with
  // `again`. Ends the transfer otherwise, and tells the receiver.
  bool still_permitted(Transfer& transfer, bool again);
  bool permits(const ledger::Address& peer, const std::string& id);
  void look_at_consents();
  void say_it_ended(const ledger::Address& peer, const std::string& id);
  void send_again(const TransferPointer& transfer);
  TransferPointer track(const ledger::Address& peer, const std::string& id, const StoredPayload& payload,
                        ledger::TimePoint deadline);
  TransferPointer find(const ledger::Address& peer, const std::string& id);
  void forget(const ledger::Address& peer, const std::string& id);
  void schedule_retry(Transfer& transfer) const;
  bool rate_allows(const ledger::Address& peer);
  // Runs `task` so that nothing it throws reaches the queue.
  void guarded(std::string_view what, const std::string& id, const std::function<void()>& task);

  const Context& context_;
  DisclosureStore& store_;
  FileSpool& spool_;
  RequestPolicy policy_;
  std::atomic<bool> draining_{false};
  std::atomic<ledger::TimePoint> watermark_;
  MemoryAnswers memory_answers_;

  std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Exchange> exchange_;
  std::map<std::string, TransferPointer> transfers_;  // "<peer> <id>"
  std::set<std::string> in_progress_;                 // "<peer> <id>" of requests being worked on
  std::size_t receipts_ = 0;                          // on their way into the ledger
  std::condition_variable receipts_done_;
  std::uint64_t consents_seen_ = 0;  // DisclosureStore::consent_changes() that every transfer was judged by
  std::map<ledger::Address, TokenBucket> buckets_;
  std::map<ledger::Address, Timer::Clock::time_point> last_busy_;
};

}  // namespace edge
