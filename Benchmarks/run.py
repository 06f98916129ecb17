"""Compares this library with OpenVINO, ONNX Runtime and ncnn on one network.

Each measurement is a process of its own, pinned to its cores; the engines take turns, round after round, so that what
disturbs the machine for a while disturbs all of them. A figure is the median of the rounds' medians.

Writes results.json, chart.svg and the table in README.md to the folder of this program; prints the table. Run `make`
first, or `make bench`, which does that.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path

import environment
from chart import chart
from results import Figures, summary, with_table


def numbers(text: str) -> list[int]:
    """ "1,2" as [1, 2]."""
    found = [int(part) for part in text.split(",")]
    if not found or min(found) < 1:
        raise ValueError
    return found


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a trained file or .gln model; random weights if left out")
    parser.add_argument("--rounds", type=int, default=3, help="processes for each case and setting (3)")
    parser.add_argument("--runs", type=int, default=20, help="runs to measure in each, at most (20)")
    parser.add_argument("--seconds", type=float, default=0.4, help="time for the runs in each (0.4), at least 3 runs")
    parser.add_argument("--threads", type=numbers, default=[1, 2], help="numbers of threads (1,2)")
    parser.add_argument("--batch", type=numbers, default=[1, 8], help="images a run (1,8)")
    parser.add_argument("--only", default="", help="cases whose name, such as 'int8 OpenVINO', matches this pattern")
    parser.add_argument("--output", type=Path, default=environment.FOLDER, help="where results are written")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options = parser.parse_args()
    if options.rounds < 1 or options.runs < 1 or options.seconds <= 0:
        parser.error("--rounds, --runs and --seconds must be above 0")
    if options.model and not options.model.is_file():
        parser.error(f"--model: there is no file {options.model}")
    if not environment.TOOL.exists() or not environment.LIBRARY.exists():
        parser.error("dist/ is not complete: run make first")
    try:
        re.compile(options.only)
    except re.error as error:
        parser.error(f"--only: {error}")
    return options


def write(folder: Path, report: dict, found: list[Figures]) -> None:
    """results.json, chart.svg and, where there is one, the table of README.md."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(report, indent=1) + "\n")
    (folder / "chart.svg").write_text(chart(found, found[0].setting))
    page = folder / "README.md"
    if page.exists():
        drawn = f"![Milliseconds an image, {found[0].setting.name}](chart.svg)\n\n"
        page.write_text(with_table(page.read_text(), drawn + summary(report, found)))


def main() -> None:
    """Everything, in the virtual environment."""
    options = arguments()
    environment.enter()
    sys.path.insert(0, str(environment.ROOT / "bindings/python"))
    os.environ["GOOGLENET_LIBRARY"] = str(environment.LIBRARY)
    os.environ["PYTHONPATH"] = str(environment.ROOT / "bindings/python")
    os.environ.pop("GOOGLENET_MAX_ISA", None)
    # Only there can its imports be found.
    from measurements import Measurements

    report, found = Measurements(options).run()
    if not found:
        sys.exit("Nothing was measured: no case matches --only, or all failed.")
    write(options.output, report, found)
    print(json.dumps(report) if options.json else summary(report, found), end="\n" if options.json else "")


if __name__ == "__main__":
    main()
