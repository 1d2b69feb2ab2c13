#include "ledger-client/core/federation_names.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>

#include <stdexcept>

#include "ledger-client/core/utf8.h"

namespace ledger {

namespace {

void demand(UErrorCode status, const char* what) {
  if (U_FAILURE(status)) throw std::runtime_error(std::string{what} + ": " + u_errorName(status));
}

// Made once; asked by any thread.
const USpoofChecker* checker() {
  static const USpoofChecker* const made = [] {
    UErrorCode status = U_ZERO_ERROR;
    USpoofChecker* const checker = uspoof_open(&status);
    demand(status, "uspoof_open");
    uspoof_setChecks(checker, USPOOF_RESTRICTION_LEVEL, &status);
    uspoof_setRestrictionLevel(checker, USPOOF_HIGHLY_RESTRICTIVE);
    demand(status, "uspoof_setChecks");
    return checker;
  }();
  return made;
}

const icu::Normalizer2& composed() {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* const normalizer = icu::Normalizer2::getNFCInstance(status);
  demand(status, "Normalizer2");
  return *normalizer;
}

icu::UnicodeString unicode(std::string_view utf8) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size())));
}

bool shows(UChar32 character) {
  constexpr std::uint32_t kHidden =
      U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CS_MASK | U_GC_CO_MASK | U_GC_CN_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK;
  return (U_GET_GC_MASK(character) & kHidden) == 0 &&
         u_hasBinaryProperty(character, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) == 0 &&
         (character == U' ' || u_isUWhiteSpace(character) == 0);
}

}  // namespace

bool is_plain_name(std::string_view utf8) {
  if (!is_utf8(utf8) || utf8.empty() || utf8.front() == ' ' || utf8.back() == ' ') return false;
  const icu::UnicodeString text = unicode(utf8);
  for (std::int32_t at = 0; at < text.length(); at = text.moveIndex32(at, 1)) {
    if (!shows(text.char32At(at))) return false;
  }
  UErrorCode status = U_ZERO_ERROR;
  const bool normal = composed().isNormalized(text, status) != 0;
  demand(status, "isNormalized");
  return normal;
}

std::string look_of(std::string_view utf8) {
  icu::UnicodeString text = unicode(utf8);
  text.foldCase();
  while (text.indexOf(u"  ") >= 0) text.findAndReplace(u"  ", u" ");
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString look;
  uspoof_getSkeletonUnicodeString(checker(), 0, text, look, &status);
  demand(status, "uspoof_getSkeleton");
  std::string out;
  return look.toUTF8String(out);
}

bool mixes_scripts(std::string_view utf8) {
  UErrorCode status = U_ZERO_ERROR;
  const std::int32_t found = uspoof_check2UnicodeString(checker(), unicode(utf8), nullptr, &status);
  demand(status, "uspoof_check");
  return found != 0;
}

}  // namespace ledger
