#!/usr/bin/env bash
# What `./dev demo` runs after the build: the expert shows the task, a car learns it from its front
# camera within minutes, and both are measured and filmed on routes that training never drove.
# Everything goes into a new folder demo/<date>/. Arguments go to `volante train`, to try the demo
# with less: tools/demo.sh --set train.max_timesteps=8000
#
# Not `set -e`: a stage that fails says so, and those that do not need it still run.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.." || exit 4

volante=${VOLANTE:-build/volante} # another build's program
episodes=20
actor=models/actor_scenario1 # committed, trained longer
out=demo/$(date +%Y-%m-%d_%H%M%S)
failures=()
interrupted=0
trap 'interrupted=1' INT
mkdir -p "$out" || exit 4

say() { printf '\n== %s\n' "$*"; }

# attempt WHAT COMMAND...: runs it unless the viewer has had enough, and remembers a failure.
attempt() {
  local what=$1 status=0
  shift
  ((interrupted)) && return 130
  "$@" || status=$?
  if ((interrupted == 0 && status != 0)); then
    printf 'failed (exit code %d): %s\n  command: %s\n' "$status" "$what" "$*" >&2
    failures+=("$what")
  fi
  return "$status"
}

# evaluate NAME FLAGS...: the table's row; evaluation.json and replay files in a folder.
evaluate() {
  local name=$1
  shift
  attempt "evaluating $name" "$volante" evaluate "$@" --num-episodes "$episodes" \
    --output-dir "$out/$name" >"$out/$name.txt" && cat "$out/$name.txt"
}

# film EVALUATION DRIVE NAME: a drive that an evaluation kept; nothing where that one failed, or no
# drive reached its goal, so that there is no best.
film() {
  local replay=$out/$1/$2.replay name=$3
  [[ -f $out/$1/evaluation.json ]] || return 0
  [[ -f $replay ]] || {
    echo "no film $name.mp4: no drive reached its goal"
    return 0
  }
  attempt "filming $name" "$volante" drive --replay "$replay" --output "$out/$name.mp4"
}

say "1/6 the task: the scripted expert drives one route"
cat <<TEXT
The car starts standing and has to follow the blue line on the map (top right) to its end, in its
lane and without a collision. Bottom right is the gray picture that the network will learn from;
beside four of those it gets its speed and the course of the route. Bottom left: the reward of each
moment, the only thing that tells it how well it drives.
TEXT
attempt "the expert's drive" "$volante" drive --policy idm_mobil --route 0 --output "$out/expert.mp4"

say "2/6 before training: a fresh network and the expert on $episodes test routes of the empty town"
evaluate untrained --policy untrained --preset demo --scenario empty
evaluate expert --policy idm_mobil --scenario empty

say "3/6 training from the camera: at most 8 minutes; Ctrl-C ends it early and goes on from there"
train_status=0
((interrupted)) ||
  "$volante" train --preset demo --run-dir "$out/run" "$@" >"$out/training.txt" || train_status=$?
[[ -s $out/training.txt ]] && cat "$out/training.txt"
if ((train_status == 85)); then
  interrupted=0 # it stopped in order, with a checkpoint
elif ((train_status != 0 && interrupted == 0)); then
  printf 'failed (exit code %d): training\n' "$train_status" >&2
  [[ -f $out/run/log.txt ]] && printf '  log: %s\n' "$out/run/log.txt" >&2
  failures+=("training")
fi
trained=0
compgen -G "$out/run/checkpoints/step_*" >/dev/null && trained=1

say "4/6 after training: the same routes, and their best and worst drive on film"
if ((trained)); then
  evaluate trained --checkpoint "$out/run" --scenario empty
  film trained best_1 trained_best
  film trained worst_1 trained_worst
else
  echo "skipped: there is no checkpoint"
fi

say "5/6 with traffic: an actor that was trained longer, in scenario 1 (50 cars)"
with_traffic=()
if [[ -d $actor ]]; then
  evaluate actor_scenario1 --checkpoint "$actor" --scenario 1
  evaluate expert_scenario1 --policy idm_mobil --scenario 1
  film actor_scenario1 best_1 actor_scenario1
  with_traffic=("trained longer, scenario 1=$out/actor_scenario1/evaluation.json"
    "expert, scenario 1=$out/expert_scenario1/evaluation.json")
else
  echo "skipped: $actor is not in this copy of the repository"
fi

say "6/6 learning curves"
if ((trained)); then
  attempt "drawing the curves" "$volante" curve "$out/run" --output "$out/curves.svg" \
    --title "The demo's training from the camera" &&
    attempt "the curves as PNG" rsvg-convert --zoom 2 "$out/curves.svg" --output "$out/curves.png"
else
  echo "skipped: there is no training"
fi

say "result: $episodes test routes each, with turns that training never drove"
attempt "the table" python3 tools/results.py table \
  "untrained, empty town=$out/untrained/evaluation.json" \
  "trained, empty town=$out/trained/evaluation.json" \
  "expert, empty town=$out/expert/evaluation.json" \
  "${with_traffic[@]}" >"$out/table.txt" && cat "$out/table.txt"

# list WHAT FILE...: those that are there.
list() {
  local what=$1 file found=()
  shift
  for file in "$@"; do [[ -e $out/$file ]] && found+=("$out/$file"); done
  ((${#found[@]})) && printf '%-10s %s\n' "$what" "${found[*]}"
}
echo
[[ -s $out/training.txt ]] && printf '%-10s %s\n' training "$(head -n 1 "$out/training.txt")"
list table table.txt
list curves curves.svg curves.png
list videos expert.mp4 trained_best.mp4 trained_worst.mp4 actor_scenario1.mp4
list run run
((trained)) && printf '%-10s %s\n' "drive on" "$volante drive --checkpoint $out/run --route 3"

if ((interrupted)); then
  echo "interrupted: the rest was left out" >&2
  exit 130
fi
if ((${#failures[@]})); then
  printf 'failed: %s\n' "${failures[@]}" >&2
  exit 1
fi
