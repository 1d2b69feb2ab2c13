#include "agent/core/purpose.h"

#include <algorithm>
#include <array>

namespace edge {
namespace {

constexpr std::array<Purpose, 59> kPurposes{{
    {"TREAT", "", "Treatment"},
    {"CLINTRL", "TREAT", "Treatment in a clinical trial"},
    {"COC", "TREAT", "Coordination of care"},
    {"ETREAT", "TREAT", "Emergency treatment"},
    {"BTG", "ETREAT", "Emergency access (break-glass)"},
    {"ERTREAT", "ETREAT", "Emergency-room treatment"},
    {"POPHLTH", "TREAT", "Population health"},
    {"HPAYMT", "", "Payment"},
    {"CLMATTCH", "HPAYMT", "Attachment to a claim"},
    {"COVAUTH", "HPAYMT", "Authorisation of coverage"},
    {"COVERAGE", "HPAYMT", "Coverage under a programme"},
    {"ELIGDTRM", "HPAYMT", "Deciding on eligibility"},
    {"ELIGVER", "HPAYMT", "Verifying eligibility"},
    {"ENROLLM", "HPAYMT", "Enrolment with a payer"},
    {"MILDCRG", "HPAYMT", "Discharge from military service"},
    {"REMITADV", "HPAYMT", "Remittance advice"},
    {"HOPERAT", "", "Running the hospital"},
    {"CAREMGT", "HOPERAT", "Care management"},
    {"DONAT", "HOPERAT", "Donation of organs or tissue"},
    {"FRAUD", "HOPERAT", "Detecting fraud"},
    {"GOV", "HOPERAT", "Government programmes"},
    {"HACCRED", "HOPERAT", "Accreditation"},
    {"HCOMPL", "HOPERAT", "Compliance with law"},
    {"HDECD", "HOPERAT", "Handling of the deceased"},
    {"HDIRECT", "HOPERAT", "Directory of patients"},
    {"HDM", "HOPERAT", "Making healthcare deliverable"},
    {"HLEGAL", "HOPERAT", "Legal proceedings"},
    {"HOUTCOMS", "HOPERAT", "Measuring outcomes"},
    {"HPRGRP", "HOPERAT", "Reporting on programmes"},
    {"HQUALIMP", "HOPERAT", "Improving quality"},
    {"HSYSADMIN", "HOPERAT", "Administering systems"},
    {"LABELING", "HSYSADMIN", "Labelling records"},
    {"METAMGT", "HSYSADMIN", "Managing metadata"},
    {"MEMADMIN", "HOPERAT", "Administering members"},
    {"MILCDM", "HOPERAT", "Military command"},
    {"PATADMIN", "HOPERAT", "Administering patients"},
    {"PATSFTY", "HOPERAT", "Patient safety"},
    {"PERFMSR", "HOPERAT", "Measuring performance"},
    {"RECORDMGT", "HOPERAT", "Managing records"},
    {"SYSDEV", "HOPERAT", "Developing systems"},
    {"HTEST", "SYSDEV", "Testing systems"},
    {"TRAIN", "HOPERAT", "Training"},
    {"HRESCH", "", "Research"},
    {"BIORCH", "HRESCH", "Biomedical research"},
    {"CLINTRCH", "HRESCH", "Research in a clinical trial"},
    {"CLINTRCHNPC", "CLINTRCH", "Research in a clinical trial without care"},
    {"CLINTRCHPC", "CLINTRCH", "Research in a clinical trial with care"},
    {"PRECLINTRCH", "CLINTRCH", "Research before a clinical trial"},
    {"DSRCH", "HRESCH", "Research into a disease"},
    {"POARCH", "HRESCH", "Research into origins and ancestry"},
    {"TRANSRCH", "HRESCH", "Translational research"},
    {"PATRQT", "", "At the patient's request"},
    {"FAMRQT", "PATRQT", "At the family's request"},
    {"PWATRNY", "PATRQT", "At a legal representative's request"},
    {"SUPNWK", "PATRQT", "At the request of the patient's supporters"},
    {"PUBHLTH", "", "Public health"},
    {"DISASTER", "PUBHLTH", "Relief in a disaster"},
    {"THREAT", "PUBHLTH", "Averting a threat"},
    {"HMARKT", "", "Health-care marketing"},
}};

}  // namespace

std::span<const Purpose> purposes() {
  return kPurposes;
}

const Purpose* find_purpose(std::string_view code) {
  const auto* found =
      std::find_if(kPurposes.begin(), kPurposes.end(), [&](const Purpose& one) { return one.code == code; });
  return found == kPurposes.end() ? nullptr : found;
}

bool is_within(std::string_view code, std::string_view other) {
  while (code != other) {
    const Purpose* purpose = find_purpose(code);
    if (purpose == nullptr || purpose->parent.empty()) return false;
    code = purpose->parent;
  }
  return true;
}

std::string purpose_list() {
  std::string out;
  for (const Purpose& one : kPurposes) out += (out.empty() ? "" : ", ") + std::string(one.code);
  return out;
}

bool is_purpose_code(std::string_view text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  return text.size() >= 2 && text.size() <= 32 && upper(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return upper(c) || (c >= '0' && c <= '9'); });
}

}  // namespace edge
