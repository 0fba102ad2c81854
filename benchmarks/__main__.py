"""Run the benchmarks: ``python -m benchmarks``. Exit status 1 if a figure that does not depend on the machine's mood misses its target."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import partial

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.measures import (
    LARGE,
    PAPER,
    Measure,
    all_symbolic,
    certificate,
    falsification,
    growth,
    instances_a_second,
    ratio_to_entrywise,
    recognition,
    recognition_memory,
    recognition_of_heads,
)

MEASURES: dict[str, Callable[[], Measure]] = {
    "certificate, small": partial(certificate, PAPER, 0.005),
    "certificate, large": partial(certificate, LARGE, 2.0),
    "random instances": instances_a_second,
    "all symbolic proofs": all_symbolic,
    "against entrywise SymPy": ratio_to_entrywise,
    "recognition, small": partial(recognition, 10, 1, 11, 0.05),
    "recognition, one row predicted": partial(recognition, 575, 1, 64, 0.1),
    "recognition, many rows predicted": partial(recognition, 512, 64, 64, 0.1),
    "recognition, several heads": partial(recognition_of_heads, 768, 64, 12, 2.0),
    "memory of recognition": partial(recognition_memory, 512, 64, 64, 100e6),
    "falsification": partial(falsification, 10.0),
    "attention by its scores": partial(growth, "V(KᵀQ)", 1.7, math.inf),
    "attention by its memory": partial(growth, "(VKᵀ)Q", -math.inf, 1.2),
}


def report(measures: list[Measure]) -> Table:
    """One row a measure."""
    table = Table("measured", "figure", "target", "met")
    for measure in measures:
        table.add_row(measure.name, measure.figure, measure.target, "yes" if measure.met else "NO" if measure.binding else "not here")
    return table


def main() -> int:
    """Measure, print, and say whether all binding targets are met."""
    measures = [MEASURES[name]() for name in track(MEASURES, description="measuring", console=Console(stderr=True))]
    Console(width=None if sys.stdout.isatty() else 160).print(report(measures))
    missed = [measure for measure in measures if measure.binding and not measure.met]
    for measure in missed:
        print(f"missed: {measure.name}: {measure.figure}, target {measure.target}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
