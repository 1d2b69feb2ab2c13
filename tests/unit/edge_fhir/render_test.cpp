#include "agent/core/fhir/render.h"

#include <catch2/catch.hpp>

#include "agent/core/fhir/narrative_text.h"
#include "tests/unit/edge_fhir/sample_document.h"

using namespace edge::fhir;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a document is shown with its patient and sections") {
  auto document = assemble(test_support::golden_patient("patient-full"));
  auto text = render_text(document->text);
  REQUIRE(text.ok());
  CHECK(contains(*text, "Mrs. Zoë <Ana> Ødegård & Søn"));
  CHECK(contains(*text, "A-1 (urn:example:mrn)"));
  CHECK(contains(*text, "\nProblem List\n------------\n"));
  CHECK(contains(*text, "6.30 %"));
  CHECK(contains(*text, "Hospital \"A\" & B"));
  auto html = render_html(document->text);
  REQUIRE(html.ok());
  CHECK(contains(*html, "<h1>Mrs. Zoë &lt;Ana&gt; Ødegård &amp; Søn</h1>"));
  CHECK(contains(*html, "<td>Aspirin &lt;100 mg&gt;</td>"));
  CHECK_FALSE(contains(*html, "<Ana>"));
}

TEST_CASE("a collection is shown by kinds") {
  auto collection = assemble_collection(test_support::golden_patient("patient-full"));
  auto text = render_text(collection->text);
  REQUIRE(text.ok());
  CHECK(contains(*text, "Condition (2)"));
  CHECK(contains(*text, "HbA1c: 6.30 %"));
}

TEST_CASE("what strangers put into a document acts neither on a page nor on a terminal") {
  const std::string evil =
      R"({"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Composition","section":[{"title":"<img src=x onerror=alert(1)>\u001b[2J",)"
      R"("text":{"div":"<div><script>alert(2)</script><p onclick='x' style='y'>A&#27;[31m\u202eB</p></div>"}}]}},)"
      R"({"resource":{"resourceType":"Patient","name":[{"text":"</title><script>alert(3)</script>"}]}}]})";
  auto html = render_html(evil);
  REQUIRE(html.ok());
  for (const char* danger : {"<script", "<img", "onclick", "style='y'"}) CHECK_FALSE(contains(*html, danger));
  auto text = render_text(evil);
  REQUIRE(text.ok());
  CHECK_FALSE(contains(*text, "\x1b"));
  CHECK_FALSE(contains(*text, "\xe2\x80\xae"));
}

TEST_CASE("tables become columns") {
  CHECK(narrative_text("<div><table><tr><th>a</th><th>b</th></tr><tr><td>longer</td><td>1 &lt; "
                       "2</td></tr></table><p>end</p></div>") == "a       b\nlonger  1 < 2\nend\n");
}

TEST_CASE("what is no Bundle is not shown") {
  CHECK_FALSE(render_text("{}").ok());
  CHECK_FALSE(render_html("x").ok());
}
