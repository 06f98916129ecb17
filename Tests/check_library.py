"""Checks what `make` built in dist/: what it needs, what it exports, and which CPU its code runs on.

Ends with a line 'N passed, N failed, N skipped'; the exit status is 1 if anything failed.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT / "dist/lib/libgooglenet.so"
STATIC = ROOT / "dist/lib/libgooglenet.a"
HEADER = ROOT / "include/googlenet.h"
UNSTRIPPED = ROOT / ".build-embedded/libgooglenet.so"
OBJECTS = ROOT / ".build-embedded/objects"
SIZE_LIMIT = 1_100_000


class InapplicableError(Exception):
    """The check does not apply here."""


def run(*arguments: object) -> str:
    """The standard output of a command; an error with its output where it fails."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, cwd=ROOT)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, arguments))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def require(holds: object, message: str) -> None:
    if not holds:
        raise AssertionError(message)


def preprocessed(header: Path) -> str:
    """A header after the preprocessor, with GLN_EXPORTED in front of each function."""
    return run("cc", "-std=c99", "-E", "-P", "-D__attribute__(x)=GLN_EXPORTED", header)


def exported(text: str) -> list[tuple[str, str]]:
    """The declaration, without the semicolon, and the name of each function in preprocessed text."""
    return re.findall(r"GLN_EXPORTED\s+([^;{}]*?\b(gln_\w+)\s*\([^;{}]*\))\s*;", text)


def declared() -> set[str]:
    """The functions that the header declares."""
    return {name for _, name in exported(preprocessed(HEADER))}


def defined(*nm_arguments: object) -> set[str]:
    """The names that nm prints as NAME TYPE …, without version suffixes."""
    lines = run("nm", "--format=posix", "--defined-only", *nm_arguments).splitlines()
    return {line.split()[0].split("@")[0] for line in lines if line and not line.endswith(":")}


def difference(found: set[str], expected: set[str]) -> str:
    extra, missing = sorted(found - expected), sorted(expected - found)
    return f"{len(extra)} too many {extra[:10]}, {len(missing)} missing {missing[:60]}"


def check_shared_library_needs_no_runtime() -> None:
    needed = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-dW", SHARED))
    allowed = re.compile(r"lib(m|c|pthread|dl)\.so\.\d+|ld-linux.*")
    require(all(allowed.fullmatch(name) for name in needed), f"it needs {needed}")
    linked = run("ldd", SHARED)
    require(not re.search(r"swift|stdc\+\+|blas|not found", linked), linked)


def check_shared_library_exports_the_header() -> None:
    found = defined("--dynamic", SHARED)
    require(found == declared(), difference(found, declared()))


def check_soname() -> None:
    abi = re.search(r"#define GLN_ABI_VERSION (\d+)", HEADER.read_text())[1]
    name = re.search(r"SONAME.*\[(.*)\]", run("readelf", "-dW", SHARED))[1]
    require(name == f"libgooglenet.so.{abi}", f"it is {name}")
    require((SHARED.parent / name).resolve() == SHARED.resolve(), f"{name} is not a link to the library")


def check_shared_library_is_hardened() -> None:
    headers = run("readelf", "-lW", SHARED)
    require(re.search(r"GNU_STACK.* RW ", headers), "its stack is executable")
    require("GNU_RELRO" in headers, "it has no read-only relocations")
    require("TEXTREL" not in run("readelf", "-dW", SHARED), "its code has relocations")


def check_shared_library_stays_loaded() -> None:
    """A session's threads may run its code after dlclose."""
    require("NODELETE" in run("readelf", "-dW", SHARED), "it is not linked with -z nodelete")


def check_random_numbers_are_not_demanded() -> None:
    """glibc's arc4random_buf ends the process where the system has none; see Sources/CPlatform/random.c."""
    for library, arguments in ((SHARED, ["--dynamic"]), (STATIC, [])):
        undefined = run("nm", "--format=posix", *arguments, "--undefined-only", library)
        require("arc4random" not in undefined, f"{library.name} takes random numbers from the C library")


def check_threads_own_bytes_come_with_the_thread() -> None:
    """glibc ends the process where those made at first use cannot be had; those that come along are few."""
    undefined = run("nm", "--format=posix", "--dynamic", "--undefined-only", SHARED)
    require("__tls_get_addr" not in undefined, "it makes thread-local memory at first use")
    size = re.search(r"^\s*TLS\s+(?:0x\w+\s+){4}(0x\w+)", run("readelf", "-lW", SHARED), re.MULTILINE)
    require(size and int(size[1], 16) <= 32, f"each thread gives it {size and int(size[1], 16)} bytes: at most 32")


def check_shared_library_is_small() -> None:
    size = SHARED.stat().st_size
    require(size < SIZE_LIMIT, f"{size} bytes: at most {SIZE_LIMIT}")
    print(f"     ({size} bytes)")


def check_static_library_exports_the_header() -> None:
    found = defined("--extern-only", STATIC)
    require(found == declared(), difference(found, declared()))


def check_static_library_needs_no_runtime() -> None:
    undefined = run("nm", "--format=posix", "--undefined-only", STATIC).splitlines()
    names = {line.split()[0] for line in undefined if line and not line.endswith(":")}
    swift = {name for name in names if re.match(r"\$[se]|_?swift", name)}
    require(not swift, f"it needs {sorted(swift)[:10]}")
    cxx = {name for name in names if name.startswith("_Z")}
    require(not cxx, f"it needs {sorted(cxx)[:10]}")


def check_header_compiles_alone() -> None:
    strict = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only"]
    for compiler, language, standards in (
        ("cc", "c", ("c99", "c11", "c17")),
        ("c++", "c++", ("c++11", "c++17", "c++20")),
    ):
        for standard in standards:
            run(compiler, f"-std={standard}", *strict, "-x", language, HEADER)


def check_initializers_fit_their_structures() -> None:
    names = re.findall(r"#define (GLN_\w+)_INIT\b", HEADER.read_text())
    require(names, "the header has no initializers")
    lines = ["#include <googlenet.h>", "int main(void)", "{"]
    for name in names:
        lines.append(f"    {{ {name.lower()} it = {name}_INIT; if (it.struct_size != sizeof it) return 1; }}")
    strict = ["-Wall", "-Wextra", "-pedantic", "-Wmissing-field-initializers", "-Werror", f"-I{HEADER.parent}"]
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder) / "initializers.c", Path(folder) / "initializers"
        source.write_text("\n".join([*lines, "    return 0;", "}", ""]))
        for compiler, language, standards in (
            ("cc", "c", ("c99", "c11", "c2x")),
            ("c++", "c++", ("c++11", "c++20")),
        ):
            for standard in standards:
                run(compiler, f"-std={standard}", *strict, "-x", language, source, "-o", program)
                run(program)


def check_generated_code_is_up_to_date() -> None:
    for module in ("Tests/CModelFormat", "Sources/CForeignFormats"):
        folder = ROOT / module
        with tempfile.TemporaryDirectory() as temporary:
            copy = Path(temporary) / module
            shutil.copytree(folder, copy)
            proto = Path("Sources/GoogLeNet/Model/googlenet.proto")
            (Path(temporary) / proto).parent.mkdir(parents=True)
            shutil.copyfile(ROOT / proto, Path(temporary) / proto)
            generated = sorted(path.relative_to(copy) for path in copy.rglob("*.pb-c.*"))
            require(bool(generated), f"{folder} has no generated code")
            for name in generated:
                (copy / name).unlink()
            run("sh", copy / "generate.sh")
            for name in generated:
                same = (copy / name).is_file() and (copy / name).read_bytes() == (folder / name).read_bytes()
                require(same, f"{name} differs: run {module}/generate.sh")


# Instructions that the x86-64 baseline lacks and that the tiers' compiler flags allow.
BEYOND_BASELINE = re.compile(
    r"v(?!err|erw|mcall|mlaunch|mresume)\w+|k(?:and|or|xor|not|mov|unpck|shift|test|add)\w*"
    r"|andn[lq]?|bextr[lq]?|bls(?:i|r|msk)[lq]?|bzhi[lq]?|mulx[lq]?|pdep[lq]?|pext[lq]?|rorx[lq]?|s(?:ar|hl|hr)x[lq]?"
    r"|popcnt[lwq]?|lzcnt[lwq]?|movbe[lwq]?"
)


def check_only_kernels_need_more_than_the_baseline() -> None:
    """A CPU without AVX must never meet such an instruction outside the functions that are chosen by its features.

    A kernel function is one whose mangled name has a kernel module's name in it, one of the tables' C functions, or
    one that is local to a kernel module's object and in no other object. The rest, above all weak functions, of which
    the linker keeps any one copy, must run on the baseline.
    """
    if platform.machine() != "x86_64":
        raise InapplicableError("only for x86-64")
    objects = OBJECTS.read_text().split()
    found = [re.search(r"/(Kernels\w+)\.build/", path) for path in objects]
    modules = {match[1] for match in found if match} - {"KernelsPortable"}
    require(modules, f"no kernel modules in {OBJECTS}")
    in_module = re.compile("|".join(f"{len(name)}{name}" for name in modules) + r"|gln_kernels_(?!portable\b)\w+")
    local, elsewhere = set(), set()
    for path in objects:
        rows = [line.split() for line in run("nm", "--format=posix", "--defined-only", path).splitlines()]
        rows = [row for row in rows if len(row) > 1]
        if any(f"/{name}.build/" in path for name in modules):
            local |= {row[0] for row in rows if row[1] == "t"}
            elsewhere |= {row[0] for row in rows if row[1] != "t"}
        else:
            elsewhere |= {row[0] for row in rows}
    in_kernels = local - elsewhere

    same_build = [re.search(r"Build ID: (\w+)", run("readelf", "-nW", path))[1] for path in (UNSTRIPPED, SHARED)]
    require(same_build[0] == same_build[1], f"{UNSTRIPPED} is not what {SHARED} was stripped from: run make")
    function, kernels, violations = "", 0, {}
    for line in run("objdump", "--disassemble", "--no-show-raw-insn", "--wide", UNSTRIPPED).splitlines():
        if start := re.fullmatch(r"[0-9a-f]+ <(.+)>:", line):
            function = start[1]
            is_kernel = in_module.search(function) or function in in_kernels
            kernels += bool(is_kernel)
        elif (parts := line.split("\t")) and len(parts) > 1 and not is_kernel:
            mnemonic = re.sub(r"^((rep\w*|lock|bnd|notrack|data16|cs|ds|\{\w+\})\s+)+", "", parts[1]).split()
            if mnemonic and (BEYOND_BASELINE.fullmatch(mnemonic[0]) or re.search(r"%[yz]mm|%k[0-7]", parts[1])):
                violations.setdefault(function, parts[1].strip())
    require(kernels, "no kernel function was found: are the names still mangled as this check expects?")
    listed = "\n".join(f"  {name}: {instruction}" for name, instruction in list(violations.items())[:20])
    require(not violations, f"{len(violations)} functions:\n{listed}")


def run_checks(names: dict[str, object]) -> int:
    """Calls every function named check_… and prints the results; the exit status."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name, check in [(n, c) for n, c in names.items() if n.startswith("check_")]:
        title = name.removeprefix("check_").replace("_", " ")
        try:
            check()
            outcome, detail = "passed", ""
        except InapplicableError as reason:
            outcome, detail = "skipped", f": {reason}"
        except (AssertionError, OSError, TypeError) as error:
            outcome, detail = "failed", f": {error}"
        counts[outcome] += 1
        print(f"{outcome:7} {title}{detail}", flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(run_checks(globals()))
