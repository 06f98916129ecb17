"""Other people's programs build against dist/ and, installed elsewhere, against that."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HOST_C = """
#include <googlenet.h>
#include <stdio.h>
int main(void)
{
    gln_model *model = NULL;
    gln_status status = gln_model_load_file("MODEL", &model);
    if (status != GLN_OK || gln_check_abi(GLN_ABI_VERSION) != GLN_OK)
        return 1;
    printf("%s %s\\n", gln_version_string(), gln_model_label(model, 9));
    gln_model_free(model);
    return 0;
}
"""

HOST_SWIFT = """
import CGoogLeNet
var model: OpaquePointer?
guard gln_model_load_file("MODEL", &model) == GLN_OK else { fatalError(String(cString: gln_last_error_message())) }
let words = ["label": String(cString: gln_model_label(model, 9))]
print(String(cString: gln_version_string()), words["label"] ?? "")
gln_model_free(model)
"""


def run(*arguments: object, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(a) for a in arguments], cwd=cwd, env=dict(os.environ, **environment), capture_output=True, text=True
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
    return done.stdout


def source(root: Path, folder: Path, text: str, name: str) -> Path:
    path = folder / name
    path.write_text(text.replace("MODEL", str(root / "models/clothing.gln")))
    return path


@pytest.fixture(scope="module", params=["lib", "lib/x86_64-linux-gnu"])
def libraries(request: pytest.FixtureRequest) -> str:
    """Where libraries are installed, below the prefix."""
    return request.param


@pytest.fixture(scope="module")
def installed(root: Path, libraries: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of `make install`, moved to where they were not installed to."""
    staged = tmp_path_factory.mktemp("staged here")
    places = ("PREFIX=/opt/googlenet", f"LIBDIR=/opt/googlenet/{libraries}")
    run("make", "install", f"DESTDIR={staged}", *places, cwd=root)
    moved = tmp_path_factory.mktemp("moved") / "elsewhere"
    shutil.move(staged / "opt/googlenet", moved)
    return moved


def test_pkg_config(root: Path, tmp_path: Path, installed: Path, libraries: str) -> None:
    host = source(root, tmp_path, HOST_C, "host.c")
    path = {"PKG_CONFIG_PATH": str(installed / libraries / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "googlenet", cwd=tmp_path, **path).split()
    run("cc", "-std=c99", "-Wall", "-Werror", host, *flags, "-o", "host", cwd=tmp_path)
    assert run("./host", cwd=tmp_path, LD_LIBRARY_PATH=str(installed / libraries)) == "0.1.0 t-shirt\n"


def test_static_library(root: Path, tmp_path: Path, installed: Path, libraries: str) -> None:
    host = source(root, tmp_path, HOST_C, "host.c")
    library = installed / libraries / "libgooglenet.a"
    run("cc", f"-I{installed}/include", host, library, "-lm", "-lpthread", "-o", "host", cwd=tmp_path)
    assert run("./host", cwd=tmp_path) == "0.1.0 t-shirt\n"


def entries(folder: Path) -> dict[str, str]:
    """All that lies in a folder, with its mode."""
    return {str(path.relative_to(folder)): oct(path.lstat().st_mode) for path in sorted(folder.rglob("*"))}


def test_installation_leaves_what_is_there(root: Path, libraries: str, tmp_path: Path) -> None:
    for folder, mode in {"usr": 0o751, "usr/bin": 0o700, "usr/lib": 0o2775, "usr/share": 0o711}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder).chmod(mode)
    (tmp_path / "usr/lib/libother.so").write_text("not ours")
    before = entries(tmp_path)
    places = (f"DESTDIR={tmp_path}", "PREFIX=/usr", f"LIBDIR=/usr/{libraries}")
    # Whoever installs may let nobody read new files by default.
    run("sh", "-c", 'umask 077; exec make install "$@"', "make", *places, cwd=root)
    after = entries(tmp_path)
    assert before.items() <= after.items()
    added = {path: mode for path, mode in after.items() if path not in before}
    assert {added[path] for path in added if path.endswith((".h", ".a", ".pc", ".cmake", ".gln"))} == {"0o100644"}
    assert {mode[-3:] for path, mode in added.items() if (tmp_path / path).is_dir()} == {"755"}
    assert after["usr/bin/googlenet"] == after[f"usr/{libraries}/libgooglenet.so.0.1.0"] == "0o100755"
    run("make", "install", *places, cwd=root)
    assert entries(tmp_path) == after
    own = tmp_path / "usr/share/googlenet/mine.gln"
    own.write_text("not ours")
    run("make", "uninstall", *places, cwd=root)
    assert own.exists()
    own.unlink()
    # Also where much of it is gone already, and then all.
    for _ in range(2):
        run("make", "uninstall", *places, cwd=root)
        assert not [path for path in entries(tmp_path) if "googlenet" in path]
    assert before.items() <= entries(tmp_path).items()


@pytest.mark.parametrize("target", ["googlenet::googlenet", "googlenet::static"])
def test_cmake(root: Path, tmp_path: Path, installed: Path, target: str) -> None:
    source(root, tmp_path, HOST_C, "host.c")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(host C)\nfind_package(googlenet 0.1 REQUIRED)\n"
        f"add_executable(host host.c)\ntarget_link_libraries(host PRIVATE {target})\n"
    )
    run("cmake", "-B", "build", f"-DCMAKE_PREFIX_PATH={installed}", cwd=tmp_path)
    run("cmake", "--build", "build", cwd=tmp_path)
    assert run("build/host", cwd=tmp_path) == "0.1.0 t-shirt\n"


def test_cmake_example(root: Path, tmp_path: Path) -> None:
    run("cmake", "-S", root / "bindings/c/examples", "-B", "build", f"-DCMAKE_PREFIX_PATH={root}/dist", cwd=tmp_path)
    run("cmake", "--build", "build", cwd=tmp_path)
    output = run("build/classify", root / "models/clothing.gln", root / "models/tshirt.png", cwd=tmp_path)
    assert output.splitlines()[0].endswith(" t-shirt")


@pytest.mark.parametrize("runtime", [[], ["-static-stdlib"]], ids=["shared runtime", "static runtime"])
def test_swift_host_with_its_own_runtime(root: Path, tmp_path: Path, runtime: list[str]) -> None:
    host = source(root, tmp_path, HOST_SWIFT, "host.swift")
    library = root / "dist/lib/libgooglenet.a"
    run("swiftc", *runtime, "-I", root / "include", host, library, "-lm", "-o", "host", cwd=tmp_path)
    assert run("./host", cwd=tmp_path) == "0.1.0 t-shirt\n"


def test_installed_tool_finds_its_model(root: Path, installed: Path, tmp_path: Path) -> None:
    output = run(installed / "bin/googlenet", "classify", root / "models/tshirt.png", cwd=tmp_path)
    assert output.splitlines()[1].endswith("  t-shirt")
