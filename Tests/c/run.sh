#!/bin/sh
# Builds and runs the tests of the C ABI against dist/: linked with the shared library, then with the static one.
# Environment: CC, CXX, PKG_CONFIG, DIST (default: dist in the repository).
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

run() {
    name=$1
    shift
    echo "$name"
    "$@" || { echo "  $name: exit status $?"; failed=$((failed + 1)); }
}

# The example in the header, and the header in both standards of C.
sed -n '/^ \*     #include <googlenet.h>/,/^ \*     }/s/^ \*     \{0,1\}//p' \
    "$dist/include/googlenet.h" >"$build/example.c"
grep -q gln_session_classify "$build/example.c"
$c -c "$build/example.c" -o "$build/example.o"
${CC:-cc} -std=c11 $warnings $cflags -c "$build/example.c" -o "$build/example.o"

$c -c "$here/check.c" -o "$build/check.o"
$c -c "$here/tiny_model.c" -o "$build/tiny_model.o"
for test in basics models sessions memory finite; do
    # test_memory.c defines malloc's family itself: the compiler must not reason about it.
    $c -fno-builtin -c "$here/test_$test.c" -o "$build/$test.o"
    objects="$build/$test.o $build/check.o $build/tiny_model.o"
    # shellcheck disable=SC2086
    ${CC:-cc} $objects $libs -Wl,-rpath,"$dist/lib" -lm -lpthread -o "$build/$test"
    # shellcheck disable=SC2086
    ${CC:-cc} $objects "$dist/lib/libgooglenet.a" -lprotobuf-c -lm -lpthread -o "$build/$test-static"
    run "$test" "$build/$test"
    run "$test (static)" "$build/$test-static"
done
$cxx "$here/test_cxx.cpp" $libs -Wl,-rpath,"$dist/lib" -o "$build/cxx"
run "C++" "$build/cxx"
exit $((failed != 0))
