// volante curve: learning curves of run folders as one SVG. Reads event files and configurations;
// never loads a network, so it runs beside a training and in the light program.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "config/nearest_name.h"
#include "config/options.h"
#include "env_api/env.h"
#include "plot/learning_curve.h"
#include "store/event_file.h"
#include "store/run_folder.h"

namespace volante {
namespace {

// Files of another program's runs may hold what is not finite; env steps are sorted, since several
// writers of one folder may overlap.
CurvePoints PointsOf(const EventData& events, const char* tag) {
  CurvePoints out;
  const auto found = events.scalars.find(tag);
  if (found == events.scalars.end()) return out;
  std::vector<ScalarPoint> points = found->second;
  std::stable_sort(points.begin(), points.end(),
                   [](const ScalarPoint& a, const ScalarPoint& b) { return a.step < b.step; });
  for (const ScalarPoint& point : points) {
    if (!std::isfinite(point.value)) continue;
    out.x.push_back(static_cast<double>(point.step));
    out.y.push_back(static_cast<double>(point.value));
  }
  return out;
}

std::string NameOf(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path.substr(path.find_last_of('/') + 1);
}

RunCurves ReadRun(const std::string& path) {
  const EventData events = ReadScalars(RealFiles(), path);
  for (const std::string& line : events.damaged)
    std::fprintf(stderr, "damaged: %s\n", line.c_str());
  RunCurves run;
  run.name = NameOf(path);
  run.completion = PointsOf(events, "train/route_completion");
  run.success = PointsOf(events, "train/episode_success");
  run.validation_success = PointsOf(events, "eval/success_rate");
  if (run.completion.x.empty() && run.success.x.empty() && run.validation_success.x.empty()) {
    throw Error(ExitCode::kBadInput, "no learning curve is there", path,
                "its event files hold no train/route_completion, train/episode_success or "
                "eval/success_rate",
                "name a run folder in which an episode has ended");
  }
  return run;
}

Chart ChartOfTags(const std::vector<std::string>& runs, const std::vector<std::string>& tags,
                  bool log) {
  std::vector<TagCurve> curves;
  for (const std::string& run : runs) {
    const EventData events = ReadScalars(RealFiles(), run);
    for (const std::string& tag : tags) {
      TagCurve curve{NameOf(run), tag, PointsOf(events, tag.c_str())};
      if (curve.points.x.empty()) {
        std::vector<std::string> known;
        for (const auto& [name, points] : events.scalars) known.push_back(name);
        const std::string nearest = NearestName(tag, known);
        throw Error(ExitCode::kBadInput, "a run has no values of " + tag, run, "",
                    nearest.empty() ? "its tags are those that TensorBoard shows"
                                    : "did you mean " + nearest + "?");
      }
      curves.push_back(std::move(curve));
    }
  }
  return TagChart(curves, log);
}

// Ticks per env step; 1 for runs of other programs.
int ActionRepeatOf(const std::string& path) {
  if (!IsRunFolder(RealFiles(), path)) return 1;
  const std::string file = JoinPath(path, "config.yaml");
  return ParseConfig(ReadText(RealFiles(), file), file, {}).env.action_repeat;
}

}  // namespace

int RunCurve(int argc, char** argv) {
  CLI::App app(
      "Draw the learning curves of one or more runs as SVG. Several runs, such as seeds of "
      "one training, are thin lines with their mean.");
  std::vector<std::string> runs;
  std::vector<std::string> tags;
  std::string output, title;
  bool log = false;
  int window = 20;
  app.add_option("run", runs, "run folders")->required();
  app.add_option("-o,--output", output, "the SVG file to write")->required();
  app.add_option("--title", title, "instead of the runs' name");
  auto* window_option = app.add_option("--window", window, "training episodes in each mean")
                            ->check(CLI::Range(1, 100000))
                            ->capture_default_str();
  auto* tag = app.add_option("--tag", tags, "draw this tag of the event files instead; repeatable")
                  ->allow_extra_args(false)
                  ->take_all();
  tag->excludes(window_option);
  app.add_flag("--log", log, "with --tag: sizes on a logarithmic axis")->needs(tag);
  if (!ParseArguments(app, argc, argv)) return 0;
  if (!output.ends_with(".svg")) {
    throw Error(ExitCode::kUsage, "only SVG is written", output, "its name ends otherwise",
                "write an .svg, then: rsvg-convert --zoom 2 X.svg --output X.png");
  }
  CheckCanBeWritten(RealFiles(), output);
  Chart chart;
  if (tags.empty()) {
    std::vector<RunCurves> curves;
    for (const std::string& run : runs) curves.push_back(ReadRun(run));
    chart = LearningCurveChart(curves, window, kTickSeconds * ActionRepeatOf(runs.front()));
  } else {
    chart = ChartOfTags(runs, tags, log);
  }
  if (!title.empty()) chart.title = title;
  WriteFileAtomically(RealFiles(), output, SvgChart(chart));
  std::printf("%s\n", output.c_str());
  return 0;
}

}  // namespace volante
