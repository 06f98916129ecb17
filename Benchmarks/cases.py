"""What is measured: each engine in each of its settings."""

from __future__ import annotations

from typing import NamedTuple

OURS = "googlenet"
# Tiers whose kernels differ, from the lowest to the highest; the VNNI ones differ only in int8.
TIERS = {
    "float32": ("portable", "avx2", "avx512"),
    "int8": ("portable", "avx2", "avx-vnni", "avx512", "avx512-vnni"),
}
PEERS = {"float32": ("openvino", "onnxruntime", "ncnn"), "int8": ("openvino", "onnxruntime")}
TITLES = {OURS: "googlenet", "openvino": "OpenVINO", "onnxruntime": "ONNX Runtime", "ncnn": "ncnn"}


class Case(NamedTuple):
    """An engine and how it is set."""

    engine: str
    precision: str
    tier: str = ""
    algorithm: str = "auto"
    backend: str = "native"

    @property
    def name(self) -> str:
        """As it stands in the table."""
        title = TITLES[self.engine]
        if self.engine != OURS:
            return title
        if self.backend != "native":
            return f"{title}, OpenBLAS"
        return f"{title}, {self.tier}" + (", direct only" if self.algorithm == "direct" else "")


class Setting(NamedTuple):
    """How much runs at once."""

    threads: int
    batch: int

    @property
    def name(self) -> str:
        """As it stands in the table."""
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return threads if self.batch == 1 else f"{threads}, batch {self.batch}"


def all_cases(available: set[str]) -> list[Case]:
    """Every case, the fastest of ours first.

    available  the tiers that this CPU has.
    """
    cases = []
    for precision, tiers in TIERS.items():
        for tier in [tier for tier in reversed(tiers) if tier in available]:
            cases.append(Case(OURS, precision, tier))
            if precision == "float32":
                cases.append(Case(OURS, precision, tier, algorithm="direct"))
        if precision == "float32":
            cases.append(Case(OURS, precision, backend="openblas"))
        cases += [Case(peer, precision) for peer in PEERS[precision]]
    return cases


def settings(threads: list[int], batches: list[int]) -> list[Setting]:
    """Every combination, batch 1 first."""
    return [Setting(count, batch) for batch in batches for count in threads]


def is_measured(case: Case, setting: Setting, best: dict[str, str]) -> bool:
    """Whether a combination is worth its time: batches tell nothing more about what is not an engine's best.

    best  our best tier for each precision.
    """
    if setting.batch == 1 or case.engine != OURS:
        return True
    return case.tier == best[case.precision] and case.algorithm == "auto"
