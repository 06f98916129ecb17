#!/usr/bin/env bash
# Builds the fuzz targets and runs each for SECONDS (600), JOBS (2) at a time: Tests/Fuzz/run.sh [SECONDS] [TARGET]...
# Model reads mutated model files, Network compares settings of random networks, CABI calls the C functions in random
# orders; the others read the formats that `googlenet convert` and the tool take. Each first reads the inputs kept in
# Tests/Fuzz/Corpora again (Tests/Fuzz/keep.sh adds to them), then mutates those and what earlier runs found.
# To see one failure again: .build-fuzz/debug/TARGETFuzzer FILE.
# Corpora, logs and what made a target crash, hang or take too much memory stay under RUNS (.fuzz) until you remove them.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-600}
shift || true
scratch=.build-fuzz
runs=${RUNS:-.fuzz}
. Tests/Fuzz/targets.sh
[ $# -gt 0 ] || set -- "${targets[@]}"
mkdir -p "$runs"

# The words that the formats know, for mutations.
{
  grep -rhoE '"[A-Za-z0-9_./-]{2,30}"' Sources/Conversion
  sed -nE 's/^ *(optional|required|repeated) [A-Za-z0-9]+ ([a-z0-9_]+) = .*/"\2:"/p; s/^ *([A-Z0-9_]+) = [0-9]+;.*/"\1"/p' \
    Sources/CForeignFormats/caffe.proto
} | sort -u >"$runs/words"

build_targets "$@"

fuzz() {
  local target=$1 folder=$runs/$1 result=passed
  rm -rf "$folder/seeds" "$folder/kept"
  mkdir -p "$folder/seeds" "$folder/kept" "$folder/corpus" "$folder/failures"
  write_seeds "$target" "$folder/seeds"
  unpack_kept "$target" "$folder/kept"
  # Reads what is there first, however long that takes, and then goes on for the time given.
  run_target "$target" -runs=0 "$folder/kept" "$folder/seeds" >"$folder/log" 2>&1 &&
    run_target "$target" -max_total_time="$seconds" -dict="$runs/words" -print_final_stats=1 \
      "$folder/corpus" "$folder/kept" "$folder/seeds" >>"$folder/log" 2>&1 || result=FAILED
  # What libhdf5 does wrong in its own process is written here by that process, and harms nobody.
  if [ "$target $result" = "HDF5 passed" ]; then rm -f "$folder"/failures/crash-*; fi
  local executions coverage
  executions=$(sed -n 's/^stat::number_of_executed_units: //p' "$folder/log")
  coverage=$(sed -nE 's/.* cov: ([0-9]+) .*/\1/p' "$folder/log" | tail -n 1)
  echo "$target: $(find "$folder/kept" -type f | wc -l) inputs kept, ${executions:-0} executions, coverage ${coverage:-0}, $result"
  [ $result = passed ] || echo "$target: see $folder/log and $folder/failures"
}

export -f fuzz
export seconds runs
printf '%s\n' "$@" | xargs -P "${JOBS:-2}" -I {} bash -c '. Tests/Fuzz/targets.sh && fuzz {}' | tee "$runs/summary"
passed=$(grep -c ', passed$' "$runs/summary" || true)
failed=$(($# - passed))
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
