#!/usr/bin/env bash
# Keeps of all that runs of Tests/Fuzz/run.sh found the fewest inputs that reach the same code, of those the smallest, as
# Tests/Fuzz/Corpora/TARGET.tar.gz, for run.sh to read again: Tests/Fuzz/keep.sh [TARGET]...
set -euo pipefail
cd "$(dirname "$0")/../.."
. Tests/Fuzz/targets.sh
[ $# -gt 0 ] || set -- "${targets[@]}"
build_targets "$@"
for target in "$@"; do
  folder=${RUNS:-.fuzz}/$target
  rm -rf "$folder/kept" "$folder/fewest"
  mkdir -p "$folder/kept" "$folder/fewest" "$folder/corpus" "$folder/seeds" "$folder/failures"
  unpack_kept "$target" "$folder/kept"
  run_target "$target" -set_cover_merge=1 "$folder/fewest" "$folder/kept" "$folder/corpus" "$folder/seeds" \
    >"$folder/keep.log" 2>&1
  # The smallest first: what runs again with every change must take neither long nor much of the repository.
  case $target in Network | CABI) inputs=100 ;; *) inputs=400 ;; esac
  find "$folder/fewest" -type f -printf '%s %p\n' | sort -n |
    awk -v inputs=$inputs -v bytes=400000 '{ sum += $1 } NR > inputs || sum > bytes { print $2 }' | xargs -r rm
  mkdir -p Tests/Fuzz/Corpora
  # The same inputs give the same archive.
  tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=644 --format=ustar \
    --directory "$folder/fewest" . | gzip -9n >"Tests/Fuzz/Corpora/$target.tar.gz"
  echo "$target: $(find "$folder/fewest" -type f | wc -l) inputs, $(stat -c %s "Tests/Fuzz/Corpora/$target.tar.gz") bytes"
done
