#include "plot/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "base/error.h"
#include "plot/axis.h"

namespace volante {
namespace {

constexpr std::array kColors = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                "#E69F00", "#56B4E9", "#555555"};
constexpr const char* kInk = "#1f2933";
constexpr const char* kMuted = "#66727f";
constexpr const char* kGrid = "#e6e9ed";
constexpr double kTextHeight_px = 12.0, kTitleHeight_px = 15.0;
constexpr double kAboveAndBelow_px = 60.0;  // of the plot, where the rotated label may reach

// Widths of a sans-serif at 12 px, good enough to lay out a legend.
double TextWidth(std::string_view text) { return 6.6 * static_cast<double>(text.size()); }

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // Control characters are not allowed in XML 1.0.
        if (static_cast<unsigned char>(c) >= 0x20) out += c;
    }
  }
  return out;
}

std::string WithUnit(const std::string& label, const std::string& unit) {
  return unit.empty() ? label : fmt::format("{} ({})", label, unit);
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void Add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

// The plot area and the two maps from values to pixels.
struct Frame {
  double left, top, right, bottom;
  Axis x, y;
  double X(double value) const {
    return left + (value - x.low) / (x.high - x.low) * (right - left);
  }
  double Y(double value) const {
    return bottom - (value - y.low) / (y.high - y.low) * (bottom - top);
  }
};

class Writer {
 public:
  template <class... Args>
  void Line(fmt::format_string<Args...> format, Args&&... args) {
    out_ += fmt::format(format, std::forward<Args>(args)...);
    out_ += '\n';
  }
  void Text(double x, double y, std::string_view text, std::string_view anchor,
            std::string_view color, std::string_view more = "") {
    Line(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="{}"{}>{}</text>)", x, y, anchor,
         color, more, Escape(text));
  }
  // In at most `room_px`: smaller letters down to 8 px, then without its end, which dots stand for.
  void TextWithin(double room_px, double size_px, double x, double y, std::string text,
                  std::string_view anchor, std::string_view color, std::string_view more = "") {
    constexpr double kSmallest_px = 8.0;
    const double share = size_px == kTitleHeight_px ? 0.68 : 0.6;  // a letter's width by its height
    const auto letters = static_cast<double>(std::max<size_t>(1, text.size()));
    const double fitting = room_px / (share * letters);
    if (fitting < kSmallest_px) {
      text.resize(static_cast<size_t>(std::max(3.0, room_px / (share * kSmallest_px))) - 3);
      text += "...";
    }
    Text(x, y, text, anchor, color,
         fmt::format(R"( font-size="{:.3g}"{})", std::clamp(fitting, kSmallest_px, size_px), more));
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// Draws `line` once per stretch of finite points.
template <class Finite, class Emit>
void ForEachStretch(size_t n, Finite finite, Emit emit) {
  for (size_t begin = 0; begin < n;) {
    if (!finite(begin)) {
      ++begin;
      continue;
    }
    size_t end = begin;
    while (end < n && finite(end)) ++end;
    emit(begin, end);
    begin = end;
  }
}

const char* ColorOf(const ChartSeries& series, size_t position) {
  const size_t index = series.color >= 0 ? static_cast<size_t>(series.color) : position;
  return kColors[index % kColors.size()];
}

std::string Opacity(const ChartSeries& series) {
  return series.opacity < 1.0 ? fmt::format(R"( stroke-opacity="{:g}")", series.opacity) : "";
}

void DrawSeries(Writer& out, const Frame& frame, const ChartSeries& series, const char* color) {
  const auto point = [&](double x, double y) {
    return fmt::format("{:.1f},{:.1f} ", frame.X(x), frame.Y(y));
  };
  if (!series.low.empty()) {
    const auto finite = [&](size_t i) {
      return std::isfinite(series.x[i]) && std::isfinite(series.low[i]) &&
             std::isfinite(series.high[i]);
    };
    ForEachStretch(series.x.size(), finite, [&](size_t begin, size_t end) {
      std::string points;
      for (size_t i = begin; i < end; ++i) points += point(series.x[i], series.high[i]);
      for (size_t i = end; i-- > begin;) points += point(series.x[i], series.low[i]);
      points.pop_back();
      out.Line(R"(<polygon points="{}" fill="{}" fill-opacity="0.16"/>)", points, color);
    });
  }
  const auto finite = [&](size_t i) {
    return std::isfinite(series.x[i]) && std::isfinite(series.y[i]);
  };
  ForEachStretch(series.x.size(), finite, [&](size_t begin, size_t end) {
    if (end - begin == 1) {
      out.Line(R"(<circle cx="{:.1f}" cy="{:.1f}" r="2.5" fill="{}"/>)", frame.X(series.x[begin]),
               frame.Y(series.y[begin]), color);
      return;
    }
    std::string points;
    for (size_t i = begin; i < end; ++i) points += point(series.x[i], series.y[i]);
    points.pop_back();
    if (series.width_px > 0.0) {
      out.Line(R"(<polyline points="{}" fill="none" stroke="{}" stroke-width="{:g}" )"
               R"(stroke-linejoin="round"{}{}/>)",
               points, color, series.width_px, Opacity(series),
               series.dashed ? R"( stroke-dasharray="6 4")" : "");
    }
    for (size_t i = begin; series.markers && i < end; ++i) {
      out.Line(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3.5" fill="{}" fill-opacity="{:g}"/>)",
               frame.X(series.x[i]), frame.Y(series.y[i]), color, series.opacity);
    }
  });
}

// Decades: whole numbers alone, at least one apart.
Axis DecadeAxis(double low, double high, int wanted) {
  const Axis fine = MakeAxis(std::floor(low), std::ceil(high), wanted);
  const double step = std::max(1.0, std::ceil(fine.step));
  Axis axis{.low = std::floor(fine.low), .high = std::floor(fine.low), .step = step, .ticks = {}};
  for (; axis.ticks.empty() || axis.high < fine.high; axis.ticks.push_back(axis.high)) {
    if (!axis.ticks.empty()) axis.high += step;
  }
  return axis;
}

std::string YLabel(const Chart& chart, const Axis& axis, double tick) {
  return chart.y_log10 ? fmt::format("{:g}", std::pow(10.0, tick)) : TickLabel(axis, tick);
}

void DrawAxes(Writer& out, const Frame& frame, const Chart& chart) {
  for (const double tick : frame.y.ticks) {
    const double y = frame.Y(tick);
    out.Line(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}"/>)", frame.left,
             y, frame.right, y, tick == 0.0 ? "#aab2bb" : kGrid);
    out.Text(frame.left - 8, y + 4, YLabel(chart, frame.y, tick), "end", kMuted);
  }
  for (const double tick : frame.x.ticks) {
    const double x = frame.X(tick);
    out.Line(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}"/>)", x, frame.top,
             x, frame.bottom, kGrid);
    out.Text(x, frame.bottom + 18, TickLabel(frame.x, tick), "middle", kMuted);
  }
  out.Line(R"(<line x1="{0:.1f}" y1="{2:.1f}" x2="{1:.1f}" y2="{2:.1f}" stroke="#aab2bb"/>)",
           frame.left, frame.right, frame.bottom);
  out.TextWithin(frame.right - frame.left, kTextHeight_px, 0.5 * (frame.left + frame.right),
                 frame.bottom + 38, WithUnit(chart.x_label, chart.x_unit), "middle", kInk);
  const double middle = 0.5 * (frame.top + frame.bottom);
  out.TextWithin(frame.bottom - frame.top + kAboveAndBelow_px, kTextHeight_px, 16, middle,
                 WithUnit(chart.y_label, chart.y_unit), "middle", kInk,
                 fmt::format(R"svg( transform="rotate(-90 16 {:.1f})")svg", middle));
}

void DrawRules(Writer& out, const Frame& frame, const Chart& chart) {
  for (const ChartRule& rule : chart.rules) {
    const double y = frame.Y(rule.y);
    out.Line(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}" )"
             R"(stroke-dasharray="2 3"/>)",
             frame.left, y, frame.right, y, kMuted);
    // Above the line, unless it is at the very top of the plot.
    const double text_y = y - 5 < frame.top + kTextHeight_px ? y + 14 : y - 5;
    out.Text(frame.left + 6, text_y, rule.name, "start", kMuted);
  }
}

// Names beside strokes in rows under the title; returns the height of the rows.
double DrawLegend(Writer& out, const Chart& chart, double left, double top, double right) {
  double x = left, y = top;
  bool any = false;
  for (size_t i = 0; i < chart.series.size(); ++i) {
    const ChartSeries& series = chart.series[i];
    if (series.name.empty()) continue;
    const double width = 24 + TextWidth(series.name) + 18;
    if (any && x + width > right) {
      x = left;
      y += 18;
    }
    out.Line(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}" )"
             R"(stroke-width="2.5"{}/>)",
             x, y - 4, x + 18, y - 4, ColorOf(series, i),
             series.dashed ? R"( stroke-dasharray="6 4")" : "");
    out.TextWithin(right - x - 24, kTextHeight_px, x + 24, y, series.name, "start", kInk);
    x += width;
    any = true;
  }
  return any ? y - top + 18 : 0.0;
}

}  // namespace

std::string SvgChart(const Chart& chart) {
  Range x_range, y_range;
  for (const ChartSeries& series : chart.series) {
    VOLANTE_CHECK(series.x.size() == series.y.size(), "a chart's series has as many x as y");
    VOLANTE_CHECK(series.low.size() == series.high.size() &&
                      (series.low.empty() || series.low.size() == series.x.size()),
                  "a chart's band is as long as its line");
    for (size_t i = 0; i < series.x.size(); ++i) {
      if (!std::isfinite(series.x[i])) continue;
      const bool band = !series.low.empty();
      if (std::isfinite(series.y[i]) || band) x_range.Add(series.x[i]);
      y_range.Add(series.y[i]);
      if (band) y_range.Add(series.low[i]), y_range.Add(series.high[i]);
    }
  }
  const bool no_data = x_range.empty() || y_range.empty();
  if (chart.x_from_zero && !no_data) x_range.Add(0.0);
  for (const ChartRule& rule : chart.rules) y_range.Add(rule.y);
  if (chart.y_from_zero) y_range.Add(0.0);
  if (chart.y_to_one) y_range.Add(1.0);

  Writer out;
  out.Line(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" )"
           R"(viewBox="0 0 {0} {1}" font-family="system-ui, -apple-system, 'Segoe UI', )"
           R"('DejaVu Sans', sans-serif" font-size="12">)",
           chart.width_px, chart.height_px);
  out.Line(R"(<rect width="100%" height="100%" fill="#ffffff"/>)");

  Frame frame{};
  const int wanted = std::max(2, chart.height_px / 70);
  frame.y = chart.y_log10 && !y_range.empty() ? DecadeAxis(y_range.low, y_range.high, wanted)
                                              : MakeAxis(y_range.low, y_range.high, wanted);
  double labels = 0.0;
  for (const double tick : frame.y.ticks) {
    labels = std::max(labels, TextWidth(YLabel(chart, frame.y, tick)));
  }
  frame.left = 36 + labels;
  frame.right = chart.width_px - 20.0;
  frame.bottom = chart.height_px - 52.0;
  double top = 26;
  const double room = frame.right - frame.left;
  out.TextWithin(room, kTitleHeight_px, frame.left, top, chart.title, "start", kInk,
                 R"( font-weight="600")");
  if (!chart.subtitle.empty()) {
    out.TextWithin(room, kTextHeight_px, frame.left, top += 18, chart.subtitle, "start", kMuted);
  }
  top += DrawLegend(out, chart, frame.left, top + 20, frame.right);
  frame.top = std::min(top + 16, frame.bottom - 10);
  frame.x = MakeAxis(x_range.low, x_range.high, std::max(2, chart.width_px / 110));
  // x shows the data's range and no more; its ticks are those inside.
  if (!x_range.empty() && x_range.low < x_range.high) {
    frame.x.low = x_range.low;
    frame.x.high = x_range.high;
    const double slack = 1e-9 * frame.x.step;
    std::erase_if(frame.x.ticks, [&](double tick) {
      return tick < x_range.low - slack || tick > x_range.high + slack;
    });
  }

  DrawAxes(out, frame, chart);
  DrawRules(out, frame, chart);
  for (size_t i = 0; i < chart.series.size(); ++i) {
    DrawSeries(out, frame, chart.series[i], ColorOf(chart.series[i], i));
  }
  if (no_data) {
    out.Text(0.5 * (frame.left + frame.right), 0.5 * (frame.top + frame.bottom), "no data",
             "middle", kMuted);
  }
  out.Line("</svg>");
  return out.Take();
}

}  // namespace volante
