"""Runs the cases one after another, round after round, and collects what they say."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import googlenet

import environment
from cases import OURS, TIERS, Case, Setting, all_cases, is_measured, settings
from models import Models
from progress import Progress
from results import Figures, figures, ratios

LONGEST = 300  # seconds that one measurement may take


class Measurements:
    """All measurements of one call of this program."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        source = options.model.resolve() if options.model else None
        self._models = Models(environment.WORK / "models", environment.TOOL, source)
        self._cores = sorted(os.sched_getaffinity(0))
        self._left_out: dict[Case, str] = {}
        self._paths: dict[Case, Path] = {}
        self._rounds: dict[tuple[Case, Setting], list[dict]] = {}

    def run(self) -> tuple[dict, list[Figures]]:
        """Measures everything; the report and its figures."""
        best, cases = self._cases()
        logging.disable(logging.WARNING)
        making = Progress("making models", len(cases))
        for case in cases:
            self._make_model(case)
            making.advance(f"{case.precision} {case.name}")
        making.clear()
        size = self._models.input_size()
        wanted = [one for one in settings(self._options.threads, self._options.batch) if self._fits(one)]
        pairs = [(case, one) for one in wanted for case in self._paths if is_measured(case, one, best)]
        progress = Progress("measuring", len(pairs) * self._options.rounds)
        for _ in range(self._options.rounds):
            for case, setting in pairs:
                if case not in self._left_out:
                    self._measure(case, setting, size)
                progress.advance(f"{case.precision} {case.name}, {setting.name}")
        progress.clear()
        return self._report()

    def _cases(self) -> tuple[dict[str, str], list[Case]]:
        model = self._models.path(OURS, "float32")
        available = set()
        for tier in TIERS["int8"]:
            with googlenet.Model(str(model), threads=1, max_isa=tier) as loaded:
                available.add(loaded.isa)
        best = {precision: [tier for tier in tiers if tier in available][-1] for precision, tiers in TIERS.items()}
        pattern = re.compile(self._options.only, re.IGNORECASE)
        return best, [one for one in all_cases(available) if pattern.search(f"{one.precision} {one.name}")]

    def _make_model(self, case: Case) -> None:
        try:
            # Quantizers draw progress bars and warn.
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                self._paths[case] = self._models.path(case.engine, case.precision)
        except Exception as error:
            self._leave_out(case, f"no model for it: {error}")

    def _fits(self, setting: Setting) -> bool:
        if setting.threads <= len(self._cores):
            return True
        print(f"{setting.name} left out: this process may use {len(self._cores)} cores", file=sys.stderr)
        return False

    def _leave_out(self, case: Case, why: str) -> None:
        self._left_out[case] = (why.strip().splitlines() or ["it failed without a message"])[-1]
        print(f"\r{case.precision} {case.name} left out: {self._left_out[case]}", file=sys.stderr)

    def _measure(self, case: Case, setting: Setting, size: tuple[int, int]) -> None:
        wanted = {
            **case._asdict(),
            **setting._asdict(),
            "model": str(self._paths[case]),
            "cores": self._cores[: setting.threads],
            "runs": self._options.runs,
            "seconds": self._options.seconds,
            "size": size,
        }
        command = [sys.executable, str(environment.FOLDER / "measure.py"), json.dumps(wanted)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST)
        except subprocess.TimeoutExpired:
            self._leave_out(case, f"{setting.name} took more than {LONGEST} s")
            return
        if done.returncode != 0:
            self._leave_out(case, done.stderr)
            return
        self._rounds.setdefault((case, setting), []).append(json.loads(done.stdout.splitlines()[-1]))

    def _report(self) -> tuple[dict, list[Figures]]:
        found = [figures(*pair, rounds) for pair, rounds in self._rounds.items() if pair[0] not in self._left_out]
        report = {
            "model": self._models.name,
            "machine": environment.machine(),
            "versions": environment.versions(googlenet.library_version()),
            "rounds": self._options.rounds,
            "runs": self._options.runs,
            "seconds": self._options.seconds,
            "figures": [one.json() for one in found],
            "our_best_over_the_best_peer": ratios(found),
            "left_out": [{"case": f"{case.precision} {case.name}", "why": why} for case, why in self._left_out.items()],
        }
        return report, found
