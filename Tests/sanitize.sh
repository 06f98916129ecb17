#!/usr/bin/env bash
# Builds the core as regular Swift with a sanitizer, and runs the C tests and Swift tests: Tests/sanitize.sh asan|tsan [XUNIT FILE]
# asan: AddressSanitizer in Swift and C, with the arena's dead bytes poisoned (see ArenaGuard) and leaks, and
#   UndefinedBehaviorSanitizer in C. All suites.
# tsan: ThreadSanitizer in Swift and C. Of the Swift suites GoogLeNetTests: sessions, their threads, and quantizing by several threads.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=.build-${1:-}
# The tests' own references would take minutes without -O, which leaves a debug build's @testable as it is.
options=(--scratch-path "$scratch" -Xswiftc -O -Xswiftc -use-ld=lld)
# Without the tool, which no suite runs.
export GLN_SUITES="KernelTests GoogLeNetTests ImageFilesTests ConversionTests"
libraries=-fuse-ld=lld
toolchain=$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)\/lib\/swift".*/\1/p')
case ${1:-} in
asan)
  compiler=(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  options+=(--sanitize address)
  # For the C targets, and for the headers that Swift imports.
  for option in "${compiler[@]}"; do options+=(-Xcc "$option"); done
  linker=(-sanitize=address)
  ;;
tsan)
  compiler=(-fsanitize=thread)
  options+=(--sanitize thread)
  linker=(-sanitize=thread)
  export GLN_SUITES=GoogLeNetTests
  # What its runtime of the Swift toolchain needs.
  libraries+=" -L$toolchain/lib/swift/linux -Wl,-rpath,$toolchain/lib/swift/linux -ldispatch -lBlocksRuntime"
  export TSAN_OPTIONS=suppressions=$PWD/Tests/tsan.supp
  # Races do not hide in one network of many; all of them would take a quarter of an hour.
  export GLN_RANDOM_NETWORKS=${GLN_RANDOM_NETWORKS:-0-5}
  ;;
*)
  echo "usage: Tests/sanitize.sh asan|tsan [XUNIT FILE]" >&2
  exit 2
  ;;
esac

swift build --build-tests "${options[@]}"

# The C tests, linked with the same core as a shared library. The sanitizer's runtime must be the Swift compiler's: its clang has it.
dist=$PWD/$scratch/dist
mkdir -p "$dist/include" "$dist/lib/pkgconfig"
cp include/googlenet.h "$dist/include"
sed "s/@VERSION@/0/; s|@INCLUDE@|../include|; s|^Libs: .*|& $libraries|" bindings/c/googlenet.pc.in >"$dist/lib/pkgconfig/googlenet.pc"
folders=()
for folder in "$scratch"/debug/{Kernels?*,GoogLeNet,CKernels,CPlatform}.build; do
  case $folder in *AsEVEX*) ;; *) folders+=("$folder") ;; esac
done
find "${folders[@]}" -name '*.o' >"$dist/objects"
swiftc "${linker[@]}" -use-ld=lld -emit-library -o "$dist/lib/libgooglenet.so" "@$dist/objects" \
  -lm -lpthread -ldl
failed=0
DIST=$dist CC="$toolchain/bin/clang ${compiler[*]}" CXX="$toolchain/bin/clang++ ${compiler[*]}" sh Tests/c/run.sh || failed=1

log=$scratch/swift-output.log
swift test --skip-build --disable-xctest "${options[@]}" ${2:+--xunit-output "$2"} >"$log" 2>&1 ||
  failed=1
grep -E "error:|✘|failed|Test run with|ERROR: |WARNING: |SUMMARY: " "$log"
exit $failed
