// Base64 (RFC 4648): the standard alphabet for age and notes, the URL alphabet for JWS. Decoding is strict:
// wrong or missing padding, white space and non-zero trailing bits are refused, so that every value has
// exactly one text. Pure, thread-safe. Table-driven: libsodium's constant-time coder is eight times slower
// and nothing secret passes here.
#pragma once

#include "ledger-client/core/bytes.h"

namespace ledger {

std::string base64_encode(ByteView bytes);                // standard, padded (signed notes)
std::string base64_encode_unpadded(ByteView bytes);       // standard, no padding (age)
std::string base64url_encode(ByteView bytes);             // URL alphabet, no padding (JOSE)
void base64url_append(std::string& out, ByteView bytes);  // the same, appended to `out`

std::optional<Bytes> base64_decode(std::string_view text);
std::optional<Bytes> base64_decode_unpadded(std::string_view text);
std::optional<Bytes> base64url_decode(std::string_view text);

}  // namespace ledger
