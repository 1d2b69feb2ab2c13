#include "agent/core/fhir/narrative.h"

#include <catch2/catch.hpp>

using namespace edge::fhir;

namespace {

std::string div(const std::string& content) {
  return R"(<div xmlns="http://www.w3.org/1999/xhtml">)" + content + "</div>";
}

}  // namespace

TEST_CASE("harmless narratives pass") {
  for (const char* content :
       {"text", "<p class='a'>a &amp; b<br/></p>", "<table><tr><td>1</td></tr></table><!-- x -->",
        "<img src=\"data:image/png;base64,AA==\" alt=\"\"/>", "<a href=\"https://example.org\">l</a>"}) {
    INFO(content);
    CHECK_FALSE(check_narrative(div(content)).has_value());
  }
  CHECK_FALSE(check_narrative("<div xmlns='http://www.w3.org/1999/xhtml'>single quotes</div>").has_value());
}

TEST_CASE("broken and dangerous narratives are refused") {
  for (const char* content :
       {"", "  ", "<p>open", "<b><i>crossed</b></i>", "a < b", "a & b", "<script>1</script>",
        "<SCRIPT>1</SCRIPT>", "<p onclick=\"x()\">a</p>", "<a href=\"javascript:x()\">a</a>",
        "<a href=\" java&#115;cript:x()\">a</a>", "<iframe src=\"https://x\">a</iframe>", "<p a=b>x</p>",
        "<![CDATA[x]]>", "<?php x ?>", "<form>x</form>", "<object data=\"x\">y</object>", "</div><div>two"}) {
    INFO(content);
    CHECK(check_narrative(div(content)).has_value());
  }
  CHECK(check_narrative("<p>no div</p>").has_value());
  CHECK(check_narrative("<div>no name space</div>").has_value());
  CHECK(check_narrative("").has_value());
}

TEST_CASE("sanitised narratives hold nothing that acts") {
  CHECK(
      sanitise_narrative(div("<p style=\"x\" title=\"t\">a<script>alert(1)</script><blink>b</blink></p>")) ==
      "<div><div><p title=\"t\">ab</p></div></div>");
  CHECK(sanitise_narrative(div("<a href=\"javascript:x()\" onclick='y'>l</a>")) ==
        "<div><div><a rel=\"noopener noreferrer nofollow\">l</a></div></div>");
  CHECK(sanitise_narrative(div("<img src=\"https://tracker.example/x\"/>")) == "<div><div><img></div></div>");
  CHECK(sanitise_narrative("<b>broken") == "<div><p>&lt;b&gt;broken</p></div>");
  CHECK(sanitise_narrative(div("<p title='\">&lt;script'>x</p>")).find("title=\"&quot;&gt;&lt;script\"") !=
        std::string::npos);
}
