"""A bar chart of the times as SVG."""

from __future__ import annotations

from html import escape

from cases import OURS, Setting
from results import Figures, milliseconds

WIDTH, LABEL, ROW, HEAD = 760, 230, 22, 44
OURS_COLOUR, PEER_COLOUR, TEXT_COLOUR = "#2f7ed8", "#9aa0a6", "#6b7177"


def chart(all_figures: list[Figures], setting: Setting) -> str:
    """Milliseconds for one image in one setting: a panel for each precision, the fastest first."""
    parts = []
    top = 0
    for precision in dict.fromkeys(one.case.precision for one in all_figures):
        bars = [one for one in all_figures if one.case.precision == precision and one.setting == setting]
        bars.sort(key=lambda one: one.image_ms)
        if bars:
            parts.append(_panel(bars, f"{precision}, {setting.name}: ms an image, less is better", top))
            top += HEAD + ROW * len(bars)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 10}" '
        'font-family="system-ui, sans-serif" font-size="13">\n' + "".join(parts) + "</svg>\n"
    )


def _panel(bars: list[Figures], title: str, top: int) -> str:
    longest = bars[-1].image_ms
    lines = [f'<text x="10" y="{top + 28}" fill="{TEXT_COLOUR}" font-weight="600">{escape(title)}</text>\n']
    for index, one in enumerate(bars):
        y = top + HEAD + index * ROW
        width = max(2, (WIDTH - LABEL - 70) * one.image_ms / longest)
        colour = OURS_COLOUR if one.case.engine == OURS else PEER_COLOUR
        name = escape(one.case.name)
        lines.append(
            f'<text x="{LABEL - 8}" y="{y + 12}" fill="{TEXT_COLOUR}" text-anchor="end">{name}</text>\n'
            f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="16" rx="2" fill="{colour}"/>\n'
            f'<text x="{LABEL + width + 6:.1f}" y="{y + 12}" fill="{TEXT_COLOUR}">{milliseconds(one.image_ms)}</text>\n'
        )
    return "".join(lines)
