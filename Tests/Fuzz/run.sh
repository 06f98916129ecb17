#!/usr/bin/env bash
# Builds the fuzz targets and runs each for SECONDS (600), JOBS (2) at a time: Tests/Fuzz/run.sh [SECONDS] [TARGET]...
# Model reads mutated model files, Network compares settings of random networks, CABI calls the C functions in random orders; the
# others read the formats that `googlenet convert` and the tool take. To see one failure again: .build-fuzz/debug/TARGETFuzzer FILE.
# Corpora, logs and what made a target crash, hang or take too much memory stay under .build-fuzz/runs/TARGET.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-600}
shift || true
[ $# -gt 0 ] || set -- Model Network CABI Caffe CaffeMean Prototxt ONNX Pickle Zip Safetensors Keras HDF5 NumPy TensorFlow \
  SavedModel TFLite Picture
scratch=.build-fuzz
runs=$scratch/runs
mkdir -p "$runs"

# The words that the formats know, for mutations.
{
  grep -rhoE '"[A-Za-z0-9_./-]{2,30}"' Sources/Conversion
  sed -nE 's/^ *(optional|required|repeated) [A-Za-z0-9]+ ([a-z0-9_]+) = .*/"\2:"/p; s/^ *([A-Z0-9_]+) = [0-9]+;.*/"\1"/p' \
    Sources/CForeignFormats/caffe.proto
} | sort -u >"$runs/words"

# libFuzzer and AddressSanitizer say where it was; Swift's own backtrace of an instrumented program takes minutes.
export SWIFT_BACKTRACE=enable=no

for target in "$@"; do GLN_FUZZ=1 swift build --scratch-path "$scratch" --product "${target}Fuzzer"; done

fuzz() {
  local target=$1 folder=$runs/$1 fuzzer=$scratch/debug/$1Fuzzer length=4096
  rm -rf "$folder/seeds" "$folder/failures"
  mkdir -p "$folder/seeds" "$folder/corpus" "$folder/failures"
  "$fuzzer" --seeds "$folder/seeds"
  case $target in
  Picture) cp Tests/ImageFilesTests/Fixtures/*.{png,jpg} "$folder/seeds" ;;
  Model | TFLite) length=32768 ;;
  TensorFlow) length=65536 ;;
  HDF5)
    length=65536
    # libhdf5 is told of a lack of memory, not ended by it.
    export ASAN_OPTIONS=allocator_may_return_null=1
    ;;
  SavedModel) length=131072 ;;
  esac
  local result=passed
  "$fuzzer" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -max_len=$length -dict="$runs/words" \
    -artifact_prefix="$folder/failures/" -print_final_stats=1 "$folder/corpus" "$folder/seeds" >"$folder/log" 2>&1 ||
    result=FAILED
  # What libhdf5 does wrong in its own process is written here by that process, and harms nobody.
  if [ "$target $result" = "HDF5 passed" ]; then rm -f "$folder"/failures/crash-*; fi
  local executions coverage
  executions=$(sed -n 's/^stat::number_of_executed_units: //p' "$folder/log")
  coverage=$(sed -nE 's/.* cov: ([0-9]+) .*/\1/p' "$folder/log" | tail -n 1)
  echo "$target: ${executions:-0} executions, coverage ${coverage:-0}, $result"
  [ $result = passed ] || echo "$target: see $folder/log and $folder/failures"
}

export -f fuzz
export seconds scratch runs
printf '%s\n' "$@" | xargs -P "${JOBS:-2}" -I {} bash -c 'fuzz {}' | tee "$runs/summary"
passed=$(grep -c ', passed$' "$runs/summary" || true)
failed=$(($# - passed))
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
