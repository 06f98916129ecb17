"""Measures one engine in this process and prints the figures as JSON.

usage: measure.py JSON, an object with the members engine, precision, tier, algorithm, backend, model, threads, batch,
cores, runs, seconds, size
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path


def memory(field: str) -> int:
    """VmHWM or VmRSS of this process, in bytes."""
    return int(re.search(rf"{field}:\s*(\d+)", Path("/proc/self/status").read_text())[1]) * 1024


def timed(run: Callable[[], object]) -> float:
    """Milliseconds of one run."""
    start = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - start)


def main() -> None:
    """Pins the process first: libraries count the CPUs when they load."""
    case = json.loads(sys.argv[1])
    os.sched_setaffinity(0, case["cores"])

    import numpy as np

    from engines import ENGINES

    height, width = case["size"]
    pixels = np.random.default_rng(0).integers(0, 256, (case["batch"], height, width, 3), np.uint8)
    before = memory("VmRSS")
    start = time.perf_counter()
    run = ENGINES[case["engine"]](case["model"], case, case["threads"], pixels)
    run()
    ready = 1e3 * (time.perf_counter() - start)

    begin = time.perf_counter()
    for _ in range(5):
        if time.perf_counter() - begin < case["seconds"] / 2:
            run()
    times = []
    begin = time.perf_counter()
    while len(times) < 3 or (len(times) < case["runs"] and time.perf_counter() - begin < case["seconds"]):
        times.append(timed(run))
    peak = memory("VmHWM")
    print(json.dumps({"times_ms": times, "ready_ms": ready, "peak_bytes": peak, "added_bytes": peak - before}))


if __name__ == "__main__":
    main()
