"""The pieces of Benchmarks/: what is measured, sums, tables, the chart, and the network with random weights."""

import json
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "Benchmarks"
sys.path.insert(0, str(FOLDER))

from cases import OURS, Case, Setting, all_cases, is_measured, settings  # noqa: E402
from chart import chart  # noqa: E402
from models import Models, RandomGoogLeNet  # noqa: E402
from results import TABLE_END, TABLE_START, figures, milliseconds, ratios, summary, table, with_table  # noqa: E402

ONE, EIGHT = Setting(1, 1), Setting(2, 8)
FAST, SLOW, PEER = Case(OURS, "float32", "avx512"), Case(OURS, "float32", "portable"), Case("openvino", "float32")


def measured(*times: float) -> dict:
    return {"times_ms": list(times), "ready_ms": 50, "peak_bytes": 70_000_000, "added_bytes": 40_000_000}


@pytest.fixture
def found() -> list:
    return [
        figures(FAST, ONE, [measured(9, 10, 30), measured(11, 12, 12.5), measured(9.4, 9.5, 9.6)]),
        figures(SLOW, ONE, [measured(100)]),
        figures(PEER, ONE, [measured(20)]),
        figures(FAST, EIGHT, [measured(40)]),
        figures(PEER, EIGHT, [measured(80)]),
    ]


def test_figures_are_medians_of_medians(found) -> None:
    assert (found[0].image_ms, found[0].least_ms, found[0].most_ms) == (10, 9.5, 12)
    assert found[3].image_ms == 5  # for one of eight images
    assert json.loads(json.dumps(found[0].json()))["tier"] == "avx512"


def test_significant_digits() -> None:
    written = [milliseconds(value) for value in (0.123, 9.94, 9.96, 99.4, 99.6, 1234)]
    assert written == ["0.12", "9.94", "10.0", "99.4", "100", "1234"]


def test_table_has_a_row_for_each_case_and_a_column_for_each_setting(found) -> None:
    assert table(found, "float32").splitlines() == [
        "| float32 | 1 thread | 2 threads, batch 8 | ready | memory |",
        "|---|--:|--:|--:|--:|",
        "| googlenet, avx512 | **10.0** (9.50–12.0) | **5.00** | 50.0 | 40 MB |",
        "| googlenet, portable | 100 |  | 50.0 | 40 MB |",
        "| OpenVINO | 20.0 | 10.0 | 50.0 | 40 MB |",
    ]


def test_page_keeps_what_is_around_the_table(found) -> None:
    report = {
        "model": "m",
        "machine": {"cpu": "c", "cores": 2, "system": "s"},
        "versions": {"openvino": "1"},
        "left_out": [{"case": "int8 ncnn", "why": "not installed"}],
    }
    page = with_table(f"before\n{TABLE_START}\nold\n{TABLE_END}\nafter\n", summary(report, found))
    assert page.startswith("before\n")
    assert page.endswith("after\n")
    assert "old" not in page
    assert "not installed" in page
    assert with_table(page, summary(report, found)) == page
    with pytest.raises(ValueError, match="table"):
        with_table("nothing", "text")
    assert with_table((FOLDER / "README.md").read_text(), "text").count(TABLE_START) == 1


def test_ratio_to_the_fastest_peer(found) -> None:
    assert ratios(found) == [
        {"precision": "float32", "threads": 1, "batch": 1, "peer": "openvino", "ratio": 0.5},
        {"precision": "float32", "threads": 2, "batch": 8, "peer": "openvino", "ratio": 0.5},
    ]


def test_cases_follow_the_cpu() -> None:
    cases = all_cases({"portable", "avx2"})
    assert {case.tier for case in cases} == {"portable", "avx2", ""}
    assert len({(case.precision, case.name) for case in cases}) == len(cases)
    assert {case.engine for case in cases} == {OURS, "openvino", "onnxruntime", "ncnn"}
    best = {"float32": "avx2", "int8": "avx2"}
    batches = [case for case in cases if is_measured(case, EIGHT, best)]
    assert [case.name for case in batches if case.engine == OURS] == ["googlenet, avx2"] * 2
    assert all(is_measured(case, ONE, best) for case in cases)
    names = [one.name for one in settings([1, 2], [1, 8])]
    assert names == ["1 thread", "2 threads", "1 thread, batch 8", "2 threads, batch 8"]


def test_chart_is_svg(found) -> None:
    drawing = xml.etree.ElementTree.fromstring(chart(found, ONE))
    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[1:] == ["googlenet, avx512", "10.0", "OpenVINO", "20.0", "googlenet, portable", "100"]


def test_random_network_has_the_size_of_the_trained_one(tool, tmp_path: Path) -> None:
    RandomGoogLeNet().write(tmp_path / "random.onnx")
    result = json.loads(tool("convert", tmp_path / "random.onnx", "-o", tmp_path / "random.gln", "--json").stdout)
    assert result["parameters"] == 6_998_552
    assert result["multiply_adds"] == 1_582_671_872


def test_models_are_made_once(tool, root: Path, tmp_path: Path) -> None:
    models = Models(tmp_path, tool.path, root / "LICENSE")
    with pytest.raises(RuntimeError, match="LICENSE"):
        models.path(OURS, "float32")
    assert not list(tmp_path.glob("*/model.gln"))
    models = Models(tmp_path, tool.path, None)
    path = models.path("openvino", "float32")
    assert path.name == "model.onnx"
    made = path.stat().st_mtime_ns
    assert models.path("onnxruntime", "float32").stat().st_mtime_ns == made
    assert models.input_size() == (224, 224)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--rounds", "0"], "--rounds"), (["--model", "missing.onnx"], "missing.onnx"), (["--threads", "0"], "--threads")],
)
def test_wrong_arguments_are_refused(arguments: list[str], told: str) -> None:
    done = subprocess.run([sys.executable, FOLDER / "run.py", *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert told in done.stderr
