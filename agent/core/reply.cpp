#include "agent/core/reply.h"

#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/limits.h"

namespace edge {

using ledger::Problem;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxSignedBytes = 1 << 20;

std::string sign(const json& payload, std::string_view typ, const LocalIdentity& self) {
  return sign_jws(*self.signer, self.kid, typ, ledger::canonical_json(payload));
}

// Reads members of one object; the first that does not fit is remembered with its name.
class Members {
 public:
  Members(const json& object, std::string place) : object_(object), place_(std::move(place)) {}

  ledger::Hash hash(const char* name) {
    const auto hash = object_.contains(name) && object_[name].is_string()
                          ? ledger::hash_from_hex(object_[name].get_ref<const std::string&>())
                          : std::nullopt;
    if (!hash) note(name, "not a SHA-256");
    return hash.value_or(ledger::Hash{});
  }
  std::uint64_t number(const char* name) {
    if (object_.contains(name) && object_[name].is_number_unsigned())
      return object_[name].get<std::uint64_t>();
    note(name, "not a number");
    return 0;
  }
  std::string text(const char* name, std::size_t most) {
    if (object_.contains(name) && object_[name].is_string() &&
        object_[name].get_ref<const std::string&>().size() <= most) {
      return object_[name].get<std::string>();
    }
    note(name, "not a text of the allowed length");
    return {};
  }
  void expect_members(std::size_t count) {
    if (object_.size() != count) note("", "missing or unknown member");
  }
  bool ok() const { return problem_.empty(); }
  Problem problem() const { return {problem_}; }
  void note(const char* name, const char* what) {
    if (problem_.empty()) problem_ = place_ + (*name == 0 ? "" : ".") + name + ": " + what;
  }

 private:
  const json& object_;
  std::string place_;
  std::string problem_;
};

json anchor_json(const Anchor& anchor) {
  json proof = json::array();
  for (const ledger::Hash& hash : anchor.inclusion) proof.push_back(ledger::to_hex(hash));
  return {
      {"entry", anchor.entry}, {"index", anchor.index}, {"proof", proof}, {"checkpoint", anchor.checkpoint}};
}

ledger::Result<Anchor> read_anchor(const json& object) {
  if (!object.is_object()) return Problem{"anchor: not an object"};
  Members members(object, "anchor");
  members.expect_members(4);
  Anchor anchor{members.text("entry", ledger::kMaxEntryBytes),
                members.number("index"),
                {},
                members.text("checkpoint", ledger::kMaxNoteBytes)};
  if (!object.contains("proof") || !object["proof"].is_array() ||
      object["proof"].size() > ledger::kMaxProofHashes) {
    members.note("proof", "not a proof");
  }
  if (!members.ok()) return members.problem();
  for (const json& item : object["proof"]) {
    const auto hash =
        item.is_string() ? ledger::hash_from_hex(item.get_ref<const std::string&>()) : std::nullopt;
    if (!hash) return Problem{"anchor.proof: not a SHA-256"};
    anchor.inclusion.push_back(*hash);
  }
  return anchor;
}

// Parses a signed payload into its envelope and object in one place.
struct Signed {
  json object;
  Envelope envelope;
};
ledger::Result<Signed> read_signed(std::string_view payload, const std::set<std::string>& others,
                                   const std::set<std::string>& optional = {}) {
  auto object = ledger::parse_json(payload, {kMaxSignedBytes, 16});
  if (!object) return object.error();
  auto envelope = read_envelope(*object, others, optional);
  if (!envelope) return envelope.error();
  return Signed{std::move(*object), std::move(*envelope)};
}

}  // namespace

std::string sign_manifest(const Manifest& manifest, const LocalIdentity& self) {
  json payload = envelope_json(manifest.envelope);
  payload["request_sha256"] = ledger::to_hex(manifest.request_sha256);
  payload["content_type"] = manifest.content_type;
  payload["encoding"] = manifest.encoding;
  payload["plaintext"] = {{"size", manifest.plaintext_size},
                          {"sha256", ledger::to_hex(manifest.plaintext_sha256)}};
  payload["ciphertext"] = {{"size", manifest.ciphertext_size},
                           {"sha256", ledger::to_hex(manifest.ciphertext_sha256)}};
  payload["chunks"] = {{"size", manifest.chunk_size}, {"count", manifest.chunk_count}};
  payload["merkle_root"] = ledger::to_hex(manifest.merkle_root);
  if (manifest.salt) payload["salt"] = ledger::to_hex(*manifest.salt);
  if (manifest.anchor) payload["anchor"] = anchor_json(*manifest.anchor);
  return sign(payload, message_type::kManifest, self);
}

ledger::Result<Manifest> parse_manifest(std::string_view payload) {
  auto read = read_signed(
      payload,
      {"request_sha256", "content_type", "encoding", "plaintext", "ciphertext", "chunks", "merkle_root"},
      {"salt", "anchor"});
  if (!read) return read.error();
  const json& object = read->object;
  if (!object["plaintext"].is_object() || !object["ciphertext"].is_object() ||
      !object["chunks"].is_object()) {
    return Problem{"manifest: plaintext, ciphertext and chunks must be objects"};
  }
  Members top(object, "manifest");
  Members plain(object["plaintext"], "manifest.plaintext");
  Members cipher(object["ciphertext"], "manifest.ciphertext");
  Members chunks(object["chunks"], "manifest.chunks");
  for (Members* members : {&plain, &cipher, &chunks}) members->expect_members(2);
  Manifest manifest{std::move(read->envelope),
                    top.hash("request_sha256"),
                    top.text("content_type", 200),
                    top.text("encoding", 20),
                    plain.number("size"),
                    plain.hash("sha256"),
                    cipher.number("size"),
                    cipher.hash("sha256"),
                    chunks.number("size"),
                    chunks.number("count"),
                    top.hash("merkle_root"),
                    std::nullopt,
                    std::nullopt};
  if (object.contains("salt")) manifest.salt = top.hash("salt");
  for (const Members* members : {&top, &plain, &cipher, &chunks}) {
    if (!members->ok()) return members->problem();
  }
  if (object.contains("anchor")) {
    auto anchor = read_anchor(object["anchor"]);
    if (!anchor) return anchor.error();
    manifest.anchor = std::move(*anchor);
  }
  return manifest;
}

ledger::Bytes frame_manifest(std::string_view jws, ledger::ByteView inline_ciphertext) {
  ledger::Bytes frame;
  frame.reserve(4 + jws.size() + inline_ciphertext.size());
  for (unsigned shift = 32; shift > 0; shift -= 8)
    frame.push_back(static_cast<std::uint8_t>(jws.size() >> (shift - 8)));
  frame.insert(frame.end(), jws.begin(), jws.end());
  frame.insert(frame.end(), inline_ciphertext.begin(), inline_ciphertext.end());
  return frame;
}

ledger::Result<FramedManifest> unframe_manifest(ledger::ByteView plaintext) {
  if (plaintext.size() < 4) return Problem{"manifest: shorter than its length field"};
  std::size_t length = 0;
  for (unsigned i = 0; i < 4; ++i) length = length << 8U | plaintext[i];
  if (length > plaintext.size() - 4) return Problem{"manifest: length field beyond the end"};
  FramedManifest framed{ledger::as_text(plaintext.subspan(4, length)), plaintext.subspan(4 + length)};
  if (framed.inline_ciphertext.size() > ledger::limits::kInlineBytes)
    return Problem{"manifest: inline payload too large"};
  return framed;
}

std::string sign_error(const ErrorReply& error, const LocalIdentity& self) {
  json payload = envelope_json(error.envelope);
  payload["request_sha256"] = ledger::to_hex(error.request_sha256);
  payload["code"] = std::string(code_text(error.code));
  payload["outcome"] = {
      {"resourceType", "OperationOutcome"},
      {"issue", json::array({{{"severity", "error"},
                              {"code", error.code == Code::kBusy ? "throttled" : "processing"},
                              {"details", {{"text", std::string(code_text(error.code))}}}}})}};
  return sign(payload, message_type::kError, self);
}

ledger::Result<ErrorReply> parse_error(std::string_view payload) {
  auto read = read_signed(payload, {"request_sha256", "code", "outcome"});
  if (!read) return read.error();
  Members members(read->object, "error");
  const auto request = members.hash("request_sha256");
  const auto code = code_from_text(members.text("code", 40));
  if (!members.ok()) return members.problem();
  if (!code) return Problem{"error.code: not in the list"};
  return ErrorReply{std::move(read->envelope), request, *code};
}

std::string sign_ack(const Ack& ack, const LocalIdentity& self) {
  json payload = envelope_json(ack.envelope);
  payload["next"] = ack.next;
  payload["missing"] = ack.missing;
  return sign(payload, message_type::kAck, self);
}

ledger::Result<Ack> parse_ack(std::string_view payload) {
  auto read = read_signed(payload, {"next", "missing"});
  if (!read) return read.error();
  Members members(read->object, "ack");
  Ack ack{std::move(read->envelope), members.number("next"), {}};
  const json& missing = read->object["missing"];
  if (!missing.is_array() || missing.size() > kMaxMissing)
    members.note("missing", "not a list of at most 256 chunks");
  if (!members.ok()) return members.problem();
  for (const json& number : missing) {
    if (!number.is_number_unsigned()) return Problem{"ack.missing: not a chunk number"};
    ack.missing.push_back(number.get<std::uint64_t>());
  }
  return ack;
}

std::string sign_receipt(const Receipt& receipt, const LocalIdentity& self) {
  json payload = envelope_json(receipt.envelope);
  payload["request_sha256"] = ledger::to_hex(receipt.request_sha256);
  payload["ciphertext_sha256"] = ledger::to_hex(receipt.ciphertext_sha256);
  payload["plaintext_sha256"] = ledger::to_hex(receipt.plaintext_sha256);
  return sign(payload, message_type::kReceipt, self);
}

ledger::Result<Receipt> parse_receipt(std::string_view payload) {
  auto read = read_signed(payload, {"request_sha256", "ciphertext_sha256", "plaintext_sha256"});
  if (!read) return read.error();
  Members members(read->object, "receipt");
  Receipt receipt{std::move(read->envelope), members.hash("request_sha256"),
                  members.hash("ciphertext_sha256"), members.hash("plaintext_sha256")};
  if (!members.ok()) return members.problem();
  return receipt;
}

}  // namespace edge
