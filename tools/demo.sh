#!/usr/bin/env bash
# What `./dev demo` runs after the build: a car is trained from its front camera for some minutes,
# then evaluated beside an untrained one and the scripted expert on routes that training never
# drove, and filmed. Everything goes into a new folder demo/<date>/.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

volante=build/volante
out=demo/$(date +%Y-%m-%d_%H%M%S)
episodes=20
mkdir -p "$out"

say() { printf '\n== %s\n' "$*"; }
# row NAME FLAGS...: evaluates, keeps the table's row and the files.
row() {
  local name=$1
  shift
  "$volante" evaluate "$@" --num-episodes "$episodes" --output-dir "$out/$name" >"$out/$name.txt"
  [ -s "$out/table.txt" ] || head -n 1 "$out/$name.txt" >"$out/table.txt"
  tail -n 1 "$out/$name.txt" >>"$out/table.txt"
}

say "1/5 the task: the scripted expert drives one route ($out/expert.mp4)"
"$volante" drive --policy idm_mobil --route 0 --output "$out/expert.mp4"

say "2/5 the car before training, and the expert, on $episodes test routes"
row untrained --policy untrained --preset demo
row expert --policy idm_mobil

say "3/5 training from the camera (about six minutes on two cores)"
"$volante" train --preset demo --run-dir "$out/run" "$@"

say "4/5 the car after training, on the same routes"
row trained --checkpoint "$out/run"

say "5/5 one drive of the trained car ($out/trained.mp4)"
"$volante" drive --checkpoint "$out/run" --route 0 --output "$out/trained.mp4"

say "result: test routes of the empty town, each with a turn that training never drove"
cat "$out/table.txt"
printf '\nvideos   %s/expert.mp4  %s/trained.mp4\ntable    %s/table.txt\nrun      %s/run\n' \
  "$out" "$out" "$out" "$out"
