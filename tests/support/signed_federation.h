// Federation documents signed by admins whose keys the test knows.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>

#include "agent/core/signing.h"

namespace test_support {

struct TestAdmin {
  std::string id;
  std::shared_ptr<const edge::Signer> signer;

  nlohmann::json listed() const;  // as the document lists it
};
// The same key for the same id and number, each time.
TestAdmin test_admin(const std::string& id, std::uint8_t number = 0);

// A payload with what a first version must have where it is missing: one admin, `alice`.
nlohmann::json first_version(nlohmann::json payload);
// The document of that payload with signatures of these.
std::string signed_by(const nlohmann::json& payload, const std::vector<TestAdmin>& admins);
// first_version, signed by `alice`.
std::string first_document(const nlohmann::json& payload);
// Hex, of the canonical payload.
std::string payload_sha256(const nlohmann::json& payload);
// The version after: version, prev; the rest as it was.
nlohmann::json next_version(nlohmann::json payload);

}  // namespace test_support
