// Limits of the wire format, spelled once. What a hospital may configure is in agent/config; these are fixed
// by version 1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ledger::limits {

inline constexpr std::size_t kChunkBytes = 256 * 1024;   // data bytes of one chunk message
inline constexpr std::size_t kTransferLeafBytes = 1024;  // leaf of the transfer's Merkle tree
inline constexpr std::size_t kInlineBytes = 64 * 1024;  // largest ciphertext that travels inside the manifest
inline constexpr std::size_t kEntriesMessageBytes = 256 * 1024;
inline constexpr std::size_t kZstdWindowLog = 23;  // 8 MiB

}  // namespace ledger::limits
