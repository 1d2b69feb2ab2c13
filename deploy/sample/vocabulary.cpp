#include "deploy/sample/vocabulary.h"

#include <string_view>

namespace sample {

namespace {

constexpr Name kLatin[] = {
    {"Amelia Rose", "Thornbury"}, {"Bastian", "Kesselring"},  {"Carla", "Montefiore"},
    {"Dirk", "van Oosten"},       {"Edith", "Lindqvist"},     {"Finn", "O'Hara"},
    {"Greta Maria", "Halloran"},  {"Hugo", "Pemberton-Vale"}, {"Ines", "Carvalho"},
    {"Jonas", "Brandt"},          {"Klara", "Winther"},       {"Lorenzo", "Bellandi"},
};

constexpr Name kOther[] = {
    {"José Ángel", "Núñez Peña"},
    {"Zoë", "Müßigbrodt"},
    {"Łucja", "Żółkiewska"},
    {"Siobhán", "Ní Dhomhnaill"},
    {"Đorđe", "Šćepanović"},
    {"Thị Ánh Nguyệt", "Ngô"},
    {"Þórdís", "Ægisdóttir"},
    {"Олеся", "Щербатюк"},
    {"Αικατερίνη", "Παπαϊωάννου"},
    {"ליאורה", "בן־שלום"},
    {"عبد الرحمن", "الخطيب"},
    {"美咲", "渡邉"},
    {"雨桐", "欧阳"},
    {"서연", "황보"},
    {"अनुराधा", "चट्टोपाध्याय"},
    {"กัลยาณี", "ศรีสุวรรณ"},
    {"ትዕግስት", ""},
    {"", "Mononym"},
    {"A. \"Bo\" <b>", "D'Arcy & Söhne"},
};

constexpr Name kClinicians[] = {
    {"Maren", "Ostrowski"}, {"Tobias", "Engelhart"}, {"Renée", "Dubois-Lacroix"}, {"Ayşe", "Karahan"},
    {"Mateus", "Figueira"}, {"Ingrid", "Solheim"},   {"Pavel", "Dvořáček"},       {"Noor", "Haddad"},
};

constexpr const char* kHospitals[] = {"Lakeside General Hospital", "Klinikum Sonnenhöhe",
                                      "Hôpital des Tilleuls", "St. Brendan's & Children's Clinic"};
constexpr const char* kCities[] = {"Ravensmoor",    "Bad Lindental", "Pont-Sureau",
                                   "Vila do Farol", "Östervik",      "Kamisawa"};

constexpr Concept kProblems[] = {
    {"snomed", "38341003", "Hypertensive disorder"},
    {"snomed", "44054006", "Diabetes mellitus type 2"},
    {"snomed", "195967001", "Asthma"},
    {"snomed", "13645005", "Chronic obstructive lung disease"},
    {"snomed", "49436004", "Atrial fibrillation"},
    {"snomed", "396275006", "Osteoarthritis"},
    {"snomed", "35489007", "Depressive disorder"},
    {"snomed", "414916001", "Obesity"},
    {"snomed", "40930008", "Hypothyroidism"},
    {"snomed", "37796009", "Migraine"},
    {"snomed", "271737000", "Anemia"},
    {"snomed", "235595009", "Gastroesophageal reflux disease"},
    {"snomed", "709044004", "Chronic kidney disease"},
    {"snomed", "84757009", "Epilepsy"},
    {"icd10", "J20.9", "Acute bronchitis, unspecified"},
    {"icd10", "S52.5", "Fracture of lower end of radius"},
    {"icd10", "N39.0", "Urinary tract infection, site not specified"},
    {"icd10", "H66.9", "Otitis media, unspecified"},
};

constexpr Concept kAllergens[] = {
    {"snomed", "91936005", "Allergy to penicillin"},
    {"snomed", "91935009", "Allergy to peanut"},
    {"snomed", "300916003", "Latex allergy"},
    {"snomed", "232350006", "House dust mite allergy"},
    {"snomed", "417532002", "Allergy to fish"},
    {"rxnorm", "1191", "Aspirin"},
    {"snomed", "425525006", "Allergy to dairy product"},
};

constexpr Concept kReactions[] = {
    {"snomed", "247472004", "Wheal"},      {"snomed", "271807003", "Eruption of skin"},
    {"snomed", "39579001", "Anaphylaxis"}, {"snomed", "422587007", "Nausea"},
    {"snomed", "49727002", "Cough"},
};

constexpr Concept kDrugs[] = {
    {"atc", "C09AA05", "Ramipril 5 mg tablet"},
    {"atc", "A10BA02", "Metformin 850 mg tablet"},
    {"atc", "C10AA05", "Atorvastatin 20 mg tablet"},
    {"atc", "R03AC02", "Salbutamol 100 µg inhaler"},
    {"atc", "H03AA01", "Levothyroxine 75 µg tablet"},
    {"atc", "B01AC06", "Acetylsalicylic acid 100 mg tablet"},
    {"atc", "A02BC01", "Omeprazole 20 mg capsule"},
    {"atc", "N02BE01", "Paracetamol 500 mg tablet"},
    {"atc", "J01CA04", "Amoxicillin 500 mg capsule"},
    {"atc", "C07AB02", "Metoprolol 47.5 mg tablet"},
    {"atc", "A10AE04", "Insulin glargine 100 U/ml"},
    {"atc", "N06AB04", "Citalopram 20 mg tablet"},
};

constexpr Concept kVaccines[] = {
    {"cvx", "140", "Influenza, seasonal, injectable, preservative free"},
    {"cvx", "115", "Tdap"},
    {"cvx", "08", "Hep B, adolescent or pediatric"},
    {"cvx", "133", "Pneumococcal conjugate PCV 13"},
    {"cvx", "03", "MMR"},
    {"cvx", "207", "COVID-19, mRNA, LNP-S, 100 mcg"},
    {"cvx", "119", "Rotavirus, monovalent"},
};

constexpr Concept kProcedures[] = {
    {"snomed", "80146002", "Appendectomy"},
    {"snomed", "73761001", "Colonoscopy"},
    {"snomed", "232717009", "Coronary artery bypass grafting"},
    {"snomed", "52734007", "Total replacement of hip"},
    {"snomed", "11466000", "Cesarean section"},
    {"snomed", "38102005", "Cholecystectomy"},
    {"snomed", "274031008", "Excision of skin lesion"},
    {"snomed", "18286008", "Catheter ablation of tissue of heart"},
    {"snomed", "14768001", "Peripheral blood smear interpretation"},
};

constexpr Concept kDevices[] = {
    {"snomed", "14106009", "Cardiac pacemaker"},
    {"snomed", "304120007", "Total hip replacement prosthesis"},
    {"snomed", "6012004", "Hearing aid"},
    {"snomed", "69805005", "Insulin pump"},
};

constexpr Concept kSmoking[] = {
    {"snomed", "266919005", "Never smoked tobacco"},
    {"snomed", "8517006", "Ex-smoker"},
    {"snomed", "77176002", "Smoker"},
};

constexpr Measure kVitals[] = {
    {"8867-4", "Heart rate", "/min", 0, 52, 110},
    {"9279-1", "Respiratory rate", "/min", 0, 11, 28},
    {"8310-5", "Body temperature", "Cel", 1, 358, 396},
    {"29463-7", "Body weight", "kg", 2, 310, 12950},
    {"8302-2", "Body height", "cm", 1, 480, 1990},
    {"39156-5", "Body mass index (BMI) [Ratio]", "kg/m2", 2, 1320, 4150},
    {"2708-6", "Oxygen saturation in Arterial blood", "%", 0, 86, 100},
};

constexpr Measure kLaboratory[] = {
    {"718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 1, 72, 178},
    {"2345-7", "Glucose [Mass/volume] in Serum or Plasma", "mg/dL", 0, 54, 310},
    {"4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 2, 450, 1150},
    {"2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 2, 40, 480},
    {"2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L", 2, 280, 620},
    {"2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", 0, 124, 151},
    {"2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL", 0, 98, 342},
    {"2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", "mg/dL", 1, 212, 980},
    {"3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "m[IU]/L", 3, 12, 19500},
    {"6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL", 2, 180, 2400},
    {"777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", 0, 41, 620},
    {"1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 0, 6, 390},
    {"1988-5", "C reactive protein [Mass/volume] in Serum or Plasma", "mg/L", 2, 10, 21000},
    {"2744-1", "pH of Arterial blood", "[pH]", 2, 690, 760},
};

constexpr const char* kRemarks[] = {
    "Pain <b>left</b> arm & shoulder, \"worse\" at night",
    "</td></tr><script>alert('x')</script>",
    "&amp;lt; already escaped once",
    "First line\nsecond line\twith a tab",
    "Größenänderung 5 µm → 7 µm, p < 0.05",
    "患者は症状なし。経過観察。",
    "🫀 rhythm unchanged",
    "backslash \\ and \u2028 separator",
    "]]> <!-- not a comment --> {{template}} $(echo) %s %n",
};

}  // namespace

const char* system_url(const char* short_name) {
  const std::string_view name(short_name);
  if (name == "snomed") return "http://snomed.info/sct";
  if (name == "icd10") return "http://hl7.org/fhir/sid/icd-10";
  if (name == "rxnorm") return "http://www.nlm.nih.gov/research/umls/rxnorm";
  if (name == "atc") return "http://www.whocc.no/atc";
  if (name == "cvx") return "http://hl7.org/fhir/sid/cvx";
  return "http://loinc.org";
}

std::span<const Name> latin_names() {
  return kLatin;
}
std::span<const Name> other_names() {
  return kOther;
}
std::span<const Name> clinician_names() {
  return kClinicians;
}
std::span<const char* const> hospital_names() {
  return kHospitals;
}
std::span<const char* const> cities() {
  return kCities;
}
std::span<const Concept> problems() {
  return kProblems;
}
std::span<const Concept> allergens() {
  return kAllergens;
}
std::span<const Concept> reactions() {
  return kReactions;
}
std::span<const Concept> drugs() {
  return kDrugs;
}
std::span<const Concept> vaccines() {
  return kVaccines;
}
std::span<const Concept> procedures() {
  return kProcedures;
}
std::span<const Concept> devices() {
  return kDevices;
}
std::span<const Concept> smoking() {
  return kSmoking;
}
std::span<const Measure> vital_signs() {
  return kVitals;
}
std::span<const Measure> laboratory() {
  return kLaboratory;
}
std::span<const char* const> remarks() {
  return kRemarks;
}

}  // namespace sample
