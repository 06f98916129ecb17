"""Figures out of measurements, and the tables made of them."""

from __future__ import annotations

import statistics
from typing import NamedTuple

from cases import OURS, Case, Setting

TABLE_START = "<!-- table: written by make bench -->"
TABLE_END = "<!-- end of the table -->"
PRECISION_TITLES = {"float32": "float32", "int8": "int8"}


class Figures(NamedTuple):
    """One case in one setting, over all rounds."""

    case: Case
    setting: Setting
    image_ms: float
    """Milliseconds for one image: the median of the rounds' medians."""
    least_ms: float
    """The least of the rounds' medians, for one image."""
    most_ms: float
    """The largest of them."""
    ready_ms: float
    """From nothing loaded to the first result; the median of the rounds."""
    peak_bytes: float
    """The most memory of the whole process; the median of the rounds."""
    added_bytes: float
    """The same without what Python and NumPy held before the engine was loaded."""

    def json(self) -> dict[str, object]:
        """As an object of results.json."""
        return {**self.case._asdict(), **self.setting._asdict(), **dict(list(self._asdict().items())[2:])}


def figures(case: Case, setting: Setting, rounds: list[dict]) -> Figures:
    """Sums up rounds as measure.py printed them; at least one."""
    medians = [statistics.median(one["times_ms"]) / setting.batch for one in rounds]
    ready, peak, added = (
        statistics.median(one[key] for one in rounds) for key in ("ready_ms", "peak_bytes", "added_bytes")
    )
    return Figures(case, setting, statistics.median(medians), min(medians), max(medians), ready, peak, added)


def milliseconds(value: float) -> str:
    """Three significant digits."""
    return f"{value:.0f}" if value >= 99.5 else f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"


def cell(one: Figures | None, best: float) -> str:
    """A time and its spread; the best of its column in bold."""
    if one is None:
        return ""
    text = milliseconds(one.image_ms)
    text = f"**{text}**" if one.image_ms == best else text
    least, most = milliseconds(one.least_ms), milliseconds(one.most_ms)
    return text if least == most else f"{text} ({least}–{most})"


def table(all_figures: list[Figures], precision: str) -> str:
    """A Markdown table of one precision: a row for each case, a column for each setting."""
    found = {(one.case, one.setting): one for one in all_figures if one.case.precision == precision}
    cases = list(dict.fromkeys(case for case, _ in found))
    columns = list(dict.fromkeys(setting for _, setting in found))
    best = {column: min(one.image_ms for (_, setting), one in found.items() if setting == column) for column in columns}
    lines = [
        f"| {PRECISION_TITLES[precision]} | " + " | ".join(column.name for column in columns) + " | ready | memory |",
        "|---|" + "--:|" * (len(columns) + 2),
    ]
    for case in cases:
        first = next(found[case, column] for column in columns if (case, column) in found)
        cells = [cell(found.get((case, column)), best[column]) for column in columns]
        cells += [milliseconds(first.ready_ms), f"{first.added_bytes / 1e6:.0f} MB"]
        lines.append(f"| {case.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def summary(report: dict, all_figures: list[Figures]) -> str:
    """Both tables and what they were measured on."""
    machine, versions = report["machine"], report["versions"]
    engines = ", ".join(f"{name} {version}" for name, version in versions.items())
    text = f"{report['model']} on {machine['cpu']}, {machine['cores']} cores, {machine['system']}. {engines}.\n"
    for precision in PRECISION_TITLES:
        if any(one.case.precision == precision for one in all_figures):
            text += "\n" + table(all_figures, precision)
    for left in report["left_out"]:
        text += f"\nLeft out: {left['case']} ({left['why']})\n"
    return text


def with_table(page: str, text: str) -> str:
    """A page with the text between the two marks; ValueError where it has none."""
    before, found, rest = page.partition(TABLE_START)
    _, ended, after = rest.partition(TABLE_END)
    if not found or not ended:
        raise ValueError(f"the page has no lines '{TABLE_START}' and '{TABLE_END}'")
    return f"{before}{TABLE_START}\n\n{text}\n{TABLE_END}{after}"


def ratios(all_figures: list[Figures]) -> list[dict[str, object]]:
    """Our best time over that of the fastest other engine, for each precision and setting: below 1 we are faster."""
    found = []
    for key in dict.fromkeys((one.case.precision, one.setting) for one in all_figures):
        here = [one for one in all_figures if (one.case.precision, one.setting) == key]
        ours = min((one.image_ms for one in here if one.case.engine == OURS), default=None)
        peer = min((one for one in here if one.case.engine != OURS), key=lambda one: one.image_ms, default=None)
        if ours and peer:
            found.append(
                {"precision": key[0], **key[1]._asdict(), "peer": peer.case.engine, "ratio": ours / peer.image_ms}
            )
    return found
