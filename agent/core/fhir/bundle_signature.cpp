// Bundle.signature as Da Vinci CDex uses it: the base64 of a detached JWS over the canonical form.
#include "agent/core/fhir/document.h"
#include "agent/core/fhir/json_tree.h"
#include "ledger-client/core/base64.h"

namespace edge::fhir {

namespace {

constexpr std::string_view kSignatureTypes = "urn:iso-astm:E1762-95:2013";
constexpr std::string_view kVerification = "1.2.840.10065.1.12.1.5";
constexpr std::string_view kTargetFormat =
    "application/fhir+json;canonicalization=http://hl7.org/fhir/canonicalization/json#document";

}  // namespace

std::string make_signature(std::string_view canonical, const SignatureInput& input) {
  const std::string when = ledger::format_time(input.now);
  const std::string jws = sign_detached_jws(*input.signer, input.kid, when, input.x5c_der, canonical);
  Node type = Node::object();
  type.set("system", Node::string(kSignatureTypes));
  type.set("code", Node::string(kVerification));
  Node identifier = Node::object();
  identifier.set("value", Node::string(input.agent_address));
  Node who = Node::object();
  who.set("identifier", std::move(identifier));
  Node signature = Node::object();
  signature.set("type", Node::array()).items.push_back(std::move(type));
  signature.set("when", Node::string(when));
  signature.set("who", std::move(who));
  signature.set("targetFormat", Node::string(kTargetFormat));
  signature.set("sigFormat", Node::string("application/jose"));
  signature.set("data", Node::string(ledger::base64_encode(ledger::as_bytes(jws))));
  return to_text(signature);
}

std::string splice_signature(std::string text, std::string_view signature_json) {
  text.pop_back();  // the Bundle's '}'
  text.append(",\"signature\":").append(signature_json).append("}");
  return text;
}

}  // namespace edge::fhir
