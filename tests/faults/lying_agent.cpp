#include "tests/faults/lying_agent.h"

#include <random>
#include <stdexcept>

#include "agent/core/transfer/chunk.h"
#include "ledger-client/core/entries_message.h"
#include "ledger-client/core/limits.h"
#include "ledger-client/store/log_reader.h"

namespace test_support {

namespace topics = ledger::topics;
using ledger::limits::kChunkBytes;

namespace {

void fill_random(std::span<std::uint8_t> out) {
  std::random_device device;
  for (auto& byte : out) byte = static_cast<std::uint8_t>(device());
}

ledger::JournalOptions journal_options(const TestPeer& peer, const AgentProcess& folder) {
  std::filesystem::create_directories(folder.folder() / "guard");
  edge::migrate_agent_tables(folder.database());
  const auto& log = peer.keys().log;
  ledger::JournalOptions options;
  options.database = folder.database();
  options.guard = folder.folder() / "guard/guard";
  options.origin = peer.address().origin();
  options.sign = [&log](const std::string& text) { return sign_note(*log.signer, log.key, text); };
  options.now = system_now;
  return options;
}

edge::ExchangeSettings settings(const TestPeer& peer) {
  return {peer.identity(), peer.keys().sign.x5c_der, {}, "Liar", "1", 256u << 20, {}, false, false};
}

std::vector<const edge::age::Identity*> identities(const TestPeer& peer) {
  std::vector<const edge::age::Identity*> out;
  for (const auto& identity : peer.keys().age) out.push_back(&identity);
  return out;
}

// Everybody may ask the liar for everything.
void grant_all(edge::ConsentStore& consents) {
  edge::NewConsent all;
  all.rules = {edge::ConsentRule{edge::Effect::kPermit, {}, {}, {}, edge::SectionSet::all(), {}, {}}};
  all.document = edge::fhir::write_consent({"", {true, {}, ""}, true, all.rules}, system_now());
  all.patient = ledger::kAnyPatient;
  all.source = "granted";
  all.attested = "hospital";
  if (!consents.grant(all)) throw std::runtime_error("no consent");
}

}  // namespace

LyingAgent::LyingAgent(Broker& broker, const ledger::Federation& federation, const AgentProcess& folder)
    : peer_(broker, federation, folder.address().text(), folder.keys()),
      journal_(std::make_unique<ledger::Journal>(journal_options(peer_, folder))),
      database_(folder.database()),
      records_(folder.state() / "his.db"),
      spool_(folder.state() / "spool", 0, fill_random),
      vault_(*journal_, folder.database(), identities(peer_)),
      consents_(*journal_, vault_, {folder.database(), system_now, fill_random}),
      store_(std::make_unique<edge::DisclosureStore>(
          *journal_, edge::DisclosureStore::Options{folder.database(), std::chrono::hours(1), system_now,
                                                    fill_random, &consents_, &vault_})),
      exchange_(std::make_unique<edge::Exchange>(
          settings(peer_),
          edge::ExchangePorts{&records_, &spool_, store_.get(), &consents_, system_now, fill_random, {}})) {
  grant_all(consents_);
}

edge::VerifiedRequest LyingAgent::next_request(const ledger::Address& from) {
  while (true) {
    const auto message = peer_.next(topics::Kind::kRequest, "");
    if (!message) throw std::runtime_error("no request came");
    const auto topic = topics::parse(message->topic);
    if (!seen_.insert(topic->id).second) continue;
    const auto opened = peer_.open(*message);
    auto outcome =
        edge::verify_request(ledger::as_text(opened), {from, topic->id, message->properties.response_topic},
                             peer_.federation(), {peer_.address(), 1}, system_now());
    auto* verified = std::get_if<edge::VerifiedRequest>(&outcome);
    if (verified == nullptr) throw std::runtime_error("a request does not verify");
    // What agents ask each other about ledgers stays without an answer.
    if (edge::about_patient(verified->request().operation)) return std::move(*verified);
  }
}

edge::Answer LyingAgent::answer(const edge::VerifiedRequest& request) {
  auto outcome = exchange_->handle(request);
  auto* answer = std::get_if<edge::Answer>(&outcome);
  if (answer == nullptr) throw std::runtime_error("the core gives no answer");
  return std::move(*answer);
}

edge::Answer LyingAgent::answer_with(const edge::VerifiedRequest& request, std::string_view plaintext) {
  const auto writer = spool_.begin();
  edge::PayloadSealer sealer(
      edge::age::Agreement(*edge::age::Recipient::parse(request.sender().age_recipient().value())),
      [&](ledger::ByteView bytes) { writer->write(bytes); });
  sealer.write(plaintext);
  edge::Disclosure disclosure;
  disclosure.request = &request;
  disclosure.content_type = "application/fhir+json";
  disclosure.payload.seal = sealer.finish();
  writer->finish(disclosure.payload);
  fill_random(disclosure.plaintext_salt);
  fill_random(disclosure.patient_salt);
  const auto& seal = disclosure.payload.seal;
  disclosure.plaintext_commitment =
      ledger::commitment(disclosure.plaintext_salt, ledger::kCommitPlaintext, seal.plaintext_sha256);
  disclosure.decide_again = [](const auto&) { return edge::ConsentDecision{}; };
  std::optional<edge::Anchor> anchor;
  disclosure.sealed = [&](const edge::Anchor& place) { anchor = place; };
  const auto outcome = store_->issue(disclosure);
  if (!std::holds_alternative<edge::Issued>(outcome))
    throw std::runtime_error("the answer can't be anchored");
  const auto& asked = request.request().envelope;
  const std::uint64_t size = seal.ciphertext.size;
  return {{{asked.id, peer_.address(), asked.from, 1, system_now()},
           request.sha256(),
           disclosure.content_type,
           "zstd",
           seal.plaintext_size,
           seal.plaintext_sha256,
           size,
           seal.ciphertext.sha256,
           kChunkBytes,
           size <= ledger::limits::kInlineBytes ? 0 : edge::chunk_count(size),
           seal.ciphertext.merkle_root,
           disclosure.plaintext_salt,
           std::move(anchor)},
          disclosure.payload,
          {}};
}

std::uint64_t LyingAgent::revoke_signing_key(std::uint64_t suspect_from) {
  const std::string& kid = peer_.identity().kid;
  const std::string key = kid.substr(edge::make_kid(peer_.address(), "").size());
  const auto appended =
      journal_->append({{std::string(ledger::entry_type::kKeyRevoked),
                         ledger::encode_body(ledger::KeyRevoked{key, "compromised", suspect_from}), key}});
  if (!appended) throw std::runtime_error("the revocation can't be anchored");
  return appended->entries.front().index;
}

void LyingAgent::publish_log() {
  const ledger::LogReader log(database_);
  ledger::EntriesMessage entries{peer_.address().origin(), 0, {}, {}};
  for (std::uint64_t index = 0; index < log.size(); ++index) entries.lines.push_back(log.line(index).value());
  for (const std::string& message : ledger::encode_entries_messages(entries))
    peer_.publish(topics::entries(peer_.address()), ledger::as_bytes(message));
  peer_.publish_retained(topics::checkpoint(peer_.address()), ledger::as_bytes(journal_->checkpoint_note()));
}

void LyingAgent::send_manifest(const edge::Answer& answer) {
  const auto& envelope = answer.manifest.envelope;
  const auto framed =
      edge::frame_manifest(sign_manifest(answer.manifest, peer_.identity()), answer.payload.inline_bytes);
  peer_.publish(topics::manifest(envelope.to, peer_.address(), envelope.id), peer_.seal(envelope.to, framed));
}

ledger::Bytes LyingAgent::chunk(const edge::Answer& answer, std::uint64_t number) const {
  const auto& ciphertext = answer.payload.seal.ciphertext;
  const auto data =
      spool_.read(answer.payload.file, number * kChunkBytes, edge::chunk_length(ciphertext.size, number));
  return edge::encode_chunk(edge::ChunkTree(ciphertext.chunk_roots).path(number), data);
}

void LyingAgent::send_chunk_as(const edge::Answer& answer, std::uint64_t number, std::uint64_t as) {
  send_chunk_bytes(answer, as, chunk(answer, number));
}

void LyingAgent::send_chunk_bytes(const edge::Answer& answer, std::uint64_t number, ledger::ByteView bytes) {
  const auto& envelope = answer.manifest.envelope;
  peer_.publish(topics::chunk(envelope.to, peer_.address(), envelope.id, number), bytes);
}

LyingAgent::Feedback LyingAgent::next_feedback(const edge::Answer& answer) {
  const auto& envelope = answer.manifest.envelope;
  const auto message = peer_.next(topics::Kind::kAck, envelope.id);
  if (!message) throw std::runtime_error("the receiver says nothing");
  const auto read = [&](std::string_view jws, std::string_view typ) {
    const auto authentic =
        edge::authenticate(jws, typ, envelope.to, peer_.federation(), system_now(), 1 << 20);
    return authentic ? authentic->payload : std::string();
  };
  Feedback feedback;
  if (!ledger::as_text(message->payload).starts_with("age-encryption.org/")) {
    feedback.ack = edge::parse_ack(read(ledger::as_text(message->payload), edge::message_type::kAck)).value();
    return feedback;
  }
  const auto opened = peer_.open(*message);
  const auto receipt = read(ledger::as_text(opened), edge::message_type::kReceipt);
  if (!receipt.empty()) {
    feedback.receipt = edge::parse_receipt(receipt).value();
  } else {
    feedback.error = edge::parse_error(read(ledger::as_text(opened), edge::message_type::kError)).value();
  }
  return feedback;
}

}  // namespace test_support
