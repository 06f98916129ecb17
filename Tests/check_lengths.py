"""Checks that no file of the product's own code, and no function in it, is longer than one reads at once.

A function's lines are those from its signature to its closing brace. Generated code does not count.

Ends with a line 'N passed, N failed, N skipped'; the exit status is 1 if anything failed.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from check_floors import code
from check_library import ROOT, require, run_checks

FILE_LIMIT = 450
FUNCTION_LIMIT = 60
FOLDERS = ("Sources", "bindings")
GENERATED = re.compile(r".*\.pb-c\.[ch]")
# What is no code in C: comments, texts, characters, and directives with the lines that continue them.
C_TEXT = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:\\\n|[^\n])*", re.DOTALL | re.MULTILINE
)
C_FUNCTION = re.compile(r"^\w[^;{}]*?\b(\w+)\s*\([^;{}]*\)\s*\{", re.MULTILINE)
SWIFT_FUNCTION = re.compile(
    r"\bfunc\s+([^\s(<]+)|(?<![.\w])(init|subscript)\b[?!]?\s*[(<]|\b(deinit)\b|\bvar\s+(\w+)\s*:[^={\n]*(?=\{)"
)
# Where a declaration without a body ends: at the next one's beginning, or where the protocol does.
SWIFT_NEXT = re.compile(
    r"\n\s*(?:@|#|(?:public|private|static|mutating|func|init|subscript|var|let|associatedtype)\b)|[};]"
)


def blank(match: re.Match[str]) -> str:
    """As many line ends as the match has."""
    return " " + "\n" * match[0].count("\n")


def closing(text: str, opening: int) -> int:
    """Where what is opened at a place is closed again."""
    depth = 0
    for place in range(opening, len(text)):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if depth == 0:
            return place
    raise AssertionError(f"what opens at {text[opening : opening + 40]!r} is not closed")


def swift_body(text: str, place: int) -> int | None:
    """Where the body begins of the function whose signature goes on at a place; nothing where it has none."""
    while place < len(text):
        if text[place] == "{":
            return place
        if SWIFT_NEXT.match(text, place):
            return None
        place = closing(text, place) + 1 if text[place] in "([" else place + 1
    return None


def swift_functions(text: str) -> Iterator[tuple[str, int, int]]:
    """The name, the first and the last place of each function of Swift code, and of each computed property."""
    for match in SWIFT_FUNCTION.finditer(text):
        # Parameters are part of what was matched, up to their parenthesis.
        opening = swift_body(text, match.end() - (match[2] is not None))
        if opening is not None:
            yield next(filter(None, match.groups())), match.start(), closing(text, opening)


def c_functions(text: str) -> Iterator[tuple[str, int, int]]:
    """The same of C code."""
    for match in C_FUNCTION.finditer(text):
        yield match[1], match.start(), closing(text, match.end() - 1)


def functions(path: Path, text: str) -> Iterator[tuple[str, int, int]]:
    """The name, the first line and the number of lines of each function in a file."""
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                yield node.name, node.lineno, node.end_lineno - node.lineno + 1
        return
    is_swift = path.suffix == ".swift"
    plain = code(text) if is_swift else C_TEXT.sub(blank, text)
    for name, first, last in swift_functions(plain) if is_swift else c_functions(plain):
        yield name, plain.count("\n", 0, first) + 1, plain.count("\n", first, last) + 1


def excesses(path: Path, text: str) -> Iterator[str]:
    """What of a file is too long."""
    lines = text.count("\n")
    if lines > FILE_LIMIT:
        yield f"{path} has {lines} lines: at most {FILE_LIMIT}, so make two of it"
    for name, line, count in functions(path, text):
        if count > FUNCTION_LIMIT:
            yield f"{path}:{line}: {name} has {count} lines: at most {FUNCTION_LIMIT}, so name its parts"


def sources() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".swift", ".c", ".h", ".py") and not GENERATED.fullmatch(path.name) and path.is_file():
                yield path


def check_nothing_is_too_long() -> None:
    found = [it for path in sources() for it in excesses(path.relative_to(ROOT), path.read_text())]
    require(not found, "\n".join(found))


def check_lengths_of_functions_are_told() -> None:
    body = "{\n" + "  work()\n" * 3 + "}\n"
    for suffix, text, expected in (
        (".swift", f"/* a\nb */ func f() {body}", [("f", 2, 5)]),
        (".swift", f"init?(_ it: Int = {{ 1 }}()) where A == B {body}", [("init", 1, 5)]),
        (".swift", f"deinit {body}var a: Int {body}", [("deinit", 1, 5), ("a", 6, 5)]),
        (".swift", "protocol P {\n  func f() -> Int\n  var a: Int { get }\n}\n", [("a", 3, 1)]),
        (".swift", f"func f(\n  a: Int\n) -> Int {body}self.init()\nit.init(a) {{}}\n", [("f", 1, 7)]),
        (".swift", 'func f() {\n  print("}")\n  let a = """\n  }\n  """\n}\n', [("f", 1, 6)]),
        (".c", f"static int f(int a,\n  int b) {body}int g(void);\nstruct a {body}", [("f", 1, 6)]),
        (".c", "#define A(b) \\\n  void b() {\nchar f(void) {\n  return '}'; /* } */\n}\n", [("f", 3, 3)]),
        (".py", "class A:\n    def f(self):\n        pass\n\n    async def g(self): ...\n", [("f", 2, 2), ("g", 5, 1)]),
    ):
        found = list(functions(Path("it" + suffix), text))
        require(found == expected, f"{text}: {found} instead of {expected}")


def check_what_is_too_long_is_noticed() -> None:
    for count, expected in ((FUNCTION_LIMIT, 0), (FUNCTION_LIMIT + 1, 1)):
        for suffix, signature in ((".swift", "func f()"), (".c", "int f(void)")):
            text = f"{signature} {{\n" + "  work();\n" * (count - 2) + "}\n"
            require(len(list(excesses(Path("it" + suffix), text))) == expected, f"{count} lines of {signature}")
    for count, expected in ((FILE_LIMIT, 0), (FILE_LIMIT + 1, 1)):
        require(len(list(excesses(Path("it.c"), "int a;\n" * count))) == expected, f"a file of {count} lines")


if __name__ == "__main__":
    sys.exit(run_checks(globals()))
