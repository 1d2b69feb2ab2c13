#include "ledger-client/core/commitment.h"

#include "ledger-client/core/sha256.h"

namespace ledger {

namespace {
void update_with_length(Sha256& hash, ByteView bytes) {
  std::array<std::uint8_t, 8> length;
  for (std::size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(bytes.size()) >> (8 * i));
  }
  hash.update(ByteView{length}).update(bytes);
}
}  // namespace

Hash commitment(const Salt& salt, std::string_view field, ByteView value) {
  Sha256 hash;
  hash.update("edge-phi/v1/commit").update(ByteView{salt});
  update_with_length(hash, as_bytes(field));
  update_with_length(hash, value);
  return hash.finish();
}

}  // namespace ledger
