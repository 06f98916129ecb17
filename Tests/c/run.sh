#!/bin/sh
# Builds and runs the tests of the C ABI against dist/: linked with the shared library, then with the static one if it is there.
# Environment: CC, CXX, PKG_CONFIG, DIST (default: dist in the repository), UNDER (a command that runs each test, such as valgrind;
# linked with the shared library only then).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dist=${DIST:-$(cd "$here/../.." && pwd)/dist}
if [ ! -f "$dist/lib/pkgconfig/googlenet.pc" ]; then
    echo "Tests/c: $dist/lib/pkgconfig/googlenet.pc is missing: run make first" >&2
    exit 2
fi
export PKG_CONFIG_PATH="$dist/lib/pkgconfig"
cflags=$("${PKG_CONFIG:-pkg-config}" --cflags googlenet)
libs=$("${PKG_CONFIG:-pkg-config}" --libs googlenet)
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
warnings="-Wall -Wextra -pedantic -Werror"
c="${CC:-cc} -std=c99 -D_XOPEN_SOURCE=700 -O1 -g $warnings $cflags"
cxx="${CXX:-c++} -std=c++11 -O1 -g $warnings $cflags"
failed=0

# A test with allocations.c, which defines malloc, gets in the way of the one that a sanitizer or valgrind brings. ThreadSanitizer
# does not know threads that fork: its deadlock detector ends the child, or waits for ever; and it waits for ever where exceptions
# are unmasked.
fits() {
    case "${UNDER:-}${CC:-}$1" in
    *-fsanitize=thread*test_processes.c) echo "test_processes.c is left out: it forks while threads run"; return 1 ;;
    *-fsanitize=thread*test_float_state.c) echo "test_float_state.c is left out: it unmasks exceptions"; return 1 ;;
    *valgrind*test_read_file.c) echo "test_read_file.c is left out: it packs a whole GoogLeNet 40 times"; return 1 ;;
    *valgrind*test_processes.c) echo "test_processes.c is left out: what a child's missing threads had counts as lost"; return 1 ;;
    *valgrind*test_float_state.c) echo "test_float_state.c is left out: valgrind keeps to one rounding"; return 1 ;;
    esac
    case "${UNDER:-}${CC:-}" in
    *valgrind* | *-fsanitize*) ! grep -q allocations.h "$1" || { echo "${1##*/} is left out: it defines malloc"; return 1; } ;;
    esac
}

run() {
    name=$1
    shift
    echo "$name"
    # shellcheck disable=SC2086
    ${UNDER:-} "$@" || { echo "  $name: exit status $?"; failed=$((failed + 1)); }
}

# Runs a test linked with the shared library and, at the same time, with the static one.
run_both() {
    test=$1
    shift
    "$build/$test-static" "$@" >"$build/static.log" 2>&1 &
    other=$!
    run "$test" "$build/$test" "$@"
    echo "$test (static)"
    wait "$other" || { echo "  $test (static): exit status $?"; failed=$((failed + 1)); }
    cat "$build/static.log"
}

# The examples in the header, which test_examples.c runs, in another standard of C, too.
sed -n '/^ \*     [#a-z]/,/^ \*     }/s/^ \*     \{0,1\}//p' "$dist/include/googlenet.h" >"$build/examples.c"
grep -q gln_session_classify "$build/examples.c"
${CC:-cc} -std=c11 $warnings $cflags -fsyntax-only "$build/examples.c"

$c -c "$here/check.c" -o "$build/check.o"
$c -c "$here/tiny_model.c" -o "$build/tiny_model.o"
$c -c "$here/model_bytes.c" -o "$build/model_bytes.o"
$c -c "$here/large_models.c" -o "$build/large_models.o"
$c -fno-builtin -c "$here/allocations.c" -o "$build/allocations.o"
model=$here/../../models/clothing.gln
for test in basics examples models read_file sessions run run_arguments cancel thread_teams memory arguments processes float_state starved cost finite exhaustion; do
    fits "$here/test_$test.c" || continue
    # Some get another malloc: the compiler must not reason about it.
    $c -fno-builtin -I"$build" -c "$here/test_$test.c" -o "$build/$test.o"
    objects="$build/$test.o $build/check.o $build/tiny_model.o $build/model_bytes.o"
    case $test in memory | starved | exhaustion | cost) objects="$objects $build/allocations.o $build/large_models.o" ;; esac
    # shellcheck disable=SC2086
    ${CC:-cc} $objects $libs -Wl,-rpath,"$dist/lib" -lm -lpthread -o "$build/$test"
    # test_cost.c takes no model, and prints speeds where it gets an argument.
    if [ "$test" = cost ]; then set --; else set -- "$model"; fi
    if [ -z "${UNDER:-}" ] && [ -f "$dist/lib/libgooglenet.a" ]; then
        # shellcheck disable=SC2086
        ${CC:-cc} $objects "$dist/lib/libgooglenet.a" -lm -lpthread -o "$build/$test-static"
        run_both "$test" "$@"
    else
        run "$test" "$build/$test" "$@"
    fi
done
case "${UNDER:-}${CC:-}" in
*valgrind* | *-fsanitize*) echo "dlclose is left out: it leaves sessions behind, which are leaks" ;;
*)
    $c "$here/test_dlclose.c" -ldl -o "$build/dlclose"
    run "dlclose" "$build/dlclose" "$dist/lib/libgooglenet.so" "$model"
    ;;
esac
# shellcheck disable=SC2086
$c "$here/test_cgroup.c" "$here/../../Sources/CPlatform/cgroup.c" $libs -Wl,-rpath,"$dist/lib" -o "$build/cgroup"
run "cgroup" "$build/cgroup"

# A program compiled against version 0.1.0 runs with this library.
mkdir "$build/0.1.0"
cp "$here/../abi/googlenet-0.1.0.h" "$build/0.1.0/googlenet.h"
${CC:-cc} -std=c99 -D_XOPEN_SOURCE=700 -O1 -g $warnings -I"$build/0.1.0" -I"$here" -c "$here/../abi/client_0_1_0.c" \
    -o "$build/client_0_1_0.o"
# shellcheck disable=SC2086
${CC:-cc} "$build/client_0_1_0.o" "$build/check.o" "$build/tiny_model.o" "$build/model_bytes.o" $libs -Wl,-rpath,"$dist/lib" -lm -lpthread \
    -o "$build/client_0_1_0"
run "client of 0.1.0" "$build/client_0_1_0"
$cxx "$here/test_cxx.cpp" $libs -Wl,-rpath,"$dist/lib" -o "$build/cxx"
run "C++" "$build/cxx"
exit $((failed != 0))
