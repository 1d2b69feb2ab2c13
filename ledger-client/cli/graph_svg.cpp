// The picture of a Graph: agents on a circle, an arc for each direction in which something was sent, its
// counts in the middle of the arc. Wider arcs carry more.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>

#include "ledger-client/cli/graph.h"

namespace ledger::cli {
namespace {

constexpr double kTurn = 6.283185307179586;
constexpr double kBoxHeight = 30;
constexpr double kCharacterWidth = 8;  // of the agents' names at 13 px
constexpr double kMargin = 170;        // room for boxes and labels around the circle
constexpr double kBend = 0.16;         // how far an arc leaves the straight line, of its length
constexpr std::array kColours{"#1b6ca8", "#b3541e", "#2d7d46", "#7a3e9d", "#9a7d0a", "#a83250"};

struct Point {
  double x = 0, y = 0;
};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

double box_width(const std::string& name) {
  return static_cast<double>(name.size()) * kCharacterWidth + 20;
}

// Where a line from the box's middle towards `other` leaves the box.
Point edge_of_box(Point box, double width, Point other) {
  const double dx = other.x - box.x, dy = other.y - box.y;
  const double to_side = std::abs(dx) > 1e-9 ? width / 2 / std::abs(dx) : 1e9;
  const double to_top = std::abs(dy) > 1e-9 ? kBoxHeight / 2 / std::abs(dy) : 1e9;
  const double part = std::min(to_side, to_top);
  return {box.x + dx * part, box.y + dy * part};
}

class Picture {
 public:
  explicit Picture(const std::map<Graph::Edge, Exchange>& edges) : edges_(edges) {
    std::set<std::string> names;
    for (const auto& [edge, exchange] : edges) {
      names.insert(edge.from);
      names.insert(edge.to);
      most_ = std::max(most_, std::max(exchange.issued, exchange.received));
    }
    const auto count = static_cast<double>(std::max<std::size_t>(names.size(), 1));
    radius_ = std::max(150.0, count * 150 / kTurn);
    size_ = 2 * (radius_ + kMargin);
    std::size_t at = 0;
    for (const auto& name : names) {
      const double angle = kTurn * static_cast<double>(at) / count - kTurn / 4;  // the first on top
      nodes_[name] = {{size_ / 2 + radius_ * std::cos(angle), size_ / 2 + radius_ * std::sin(angle)},
                      kColours[at++ % kColours.size()]};
    }
  }

  std::string svg() const {
    const auto side = number(size_);
    std::string text = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + side + "\" height=\"" + side +
                       "\" viewBox=\"0 0 " + side + " " + side +
                       "\" font-family=\"sans-serif\">\n<title>Who sent to whom</title>\n"
                       "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
    for (const auto& [edge, exchange] : edges_) text += arc(edge, exchange);
    for (const auto& [name, node] : nodes_) text += box(name, node);
    if (edges_.empty()) text += label({size_ / 2, size_ / 2}, "no bundles", "#444");
    return text + "</svg>\n";
  }

 private:
  struct Node {
    Point at;
    const char* colour = "";
  };

  static std::string label(Point at, const std::string& text, const char* colour) {
    return "<text x=\"" + number(at.x) + "\" y=\"" + number(at.y) +
           "\" font-size=\"11\" text-anchor=\"middle\" fill=\"" + colour +
           "\" stroke=\"white\" stroke-width=\"7\" paint-order=\"stroke\">" + escaped(text) + "</text>\n";
  }

  static std::string box(const std::string& name, const Node& node) {
    const double width = box_width(name);
    return "<rect x=\"" + number(node.at.x - width / 2) + "\" y=\"" + number(node.at.y - kBoxHeight / 2) +
           "\" width=\"" + number(width) + "\" height=\"" + number(kBoxHeight) +
           "\" rx=\"6\" fill=\"white\" stroke=\"" + node.colour + "\" stroke-width=\"2\"/>\n<text x=\"" +
           number(node.at.x) + "\" y=\"" + number(node.at.y + 4.5) +
           "\" font-size=\"13\" text-anchor=\"middle\" fill=\"#222\">" + escaped(name) + "</text>\n";
  }

  std::string arc(const Graph::Edge& edge, const Exchange& exchange) const {
    const auto& from = nodes_.at(edge.from);
    const auto& to = nodes_.at(edge.to);
    const double dx = to.at.x - from.at.x, dy = to.at.y - from.at.y;
    // Both directions bend to their own left, so that they lie apart. One's own loop goes outwards.
    const bool loop = edge.from == edge.to;
    const Point middle{(from.at.x + to.at.x) / 2, (from.at.y + to.at.y) / 2};
    const Point control = loop ? Point{from.at.x * 2 - size_ / 2, from.at.y * 2 - size_ / 2}
                               : Point{middle.x + 2 * kBend * dy, middle.y - 2 * kBend * dx};
    const auto start = edge_of_box(from.at, box_width(edge.from), control);
    const auto end = edge_of_box(to.at, box_width(edge.to), control);
    const auto title = edge.from + " to " + edge.to + ": " + counts_for_people(exchange);
    std::string text = "<g fill=\"none\" stroke=\"" + std::string(from.colour) + "\"><title>" +
                       escaped(title) + "</title><path d=\"M " + number(start.x) + " " + number(start.y) +
                       " Q " + number(control.x) + " " + number(control.y) + " " + number(end.x) + " " +
                       number(end.y) + "\" stroke-width=\"" + number(width_of(exchange)) + "\"/>" +
                       arrow(control, end, from.colour) + "</g>\n";
    // A quadratic curve passes half-way between the straight line's middle and the control point.
    const Point on_arc{(start.x + 2 * control.x + end.x) / 4, (start.y + 2 * control.y + end.y) / 4 + 4};
    const auto counts = std::to_string(exchange.issued) + " / " + std::to_string(exchange.delivered) + " / " +
                        std::to_string(exchange.received);
    return text + label(on_arc, counts, from.colour);
  }

  double width_of(const Exchange& exchange) const {
    const auto sent = static_cast<double>(std::max(exchange.issued, exchange.received));
    return 1 + 4 * (most_ == 0 ? 0 : std::sqrt(sent / static_cast<double>(most_)));
  }

  static std::string arrow(Point before, Point tip, const char* colour) {
    const double length = std::hypot(tip.x - before.x, tip.y - before.y);
    if (length < 1e-9) return {};
    const double ux = (tip.x - before.x) / length, uy = (tip.y - before.y) / length;
    constexpr double kLong = 12, kHalf = 5;
    const auto corner = [&](double side) {
      return number(tip.x - kLong * ux - side * kHalf * uy) + "," +
             number(tip.y - kLong * uy + side * kHalf * ux);
    };
    return "<polygon points=\"" + number(tip.x) + "," + number(tip.y) + " " + corner(1) + " " + corner(-1) +
           "\" stroke=\"none\" fill=\"" + colour + "\"/>";
  }

  const std::map<Graph::Edge, Exchange>& edges_;
  std::map<std::string, Node> nodes_;
  std::uint64_t most_ = 0;
  double radius_ = 0, size_ = 0;
};

}  // namespace

std::string Graph::to_svg() const {
  auto svg = Picture(edges_).svg();
  const std::string legend =
      "<text x=\"16\" y=\"26\" font-size=\"12\" fill=\"#444\">bundles: issued / delivered / "
      "received</text>\n";
  return svg.insert(svg.rfind("</svg>"), legend);
}

}  // namespace ledger::cli
