r"""All derivations on the page: ``python -m tests.support.typeset`` has pdflatex set their LaTeX, and KaTeX read their Markdown.

What TeX calls an error, a line that is wider than the page by anything, and a letter that the font lacks are faults; of KaTeX, whatever
its strictest mode refuses. Each check first has to find the faults of a page that has them. `make typeset` installs KaTeX; the document
needs pdflatex with amsmath, as Debian's texlive-latex-recommended has it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import proofs  # noqa: F401  (registers the statements)
from equivalence.statements import Statement, in_order
from equivalence.statements.derivation import as_latex, as_markdown

PLACE = Path("build/typeset")
KATEX = Path("tests/typeset")
BEFORE = r"""\documentclass[10pt,fleqn]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\hfuzz=0pt
\sloppy
\tracinglostchars=2
\begin{document}
"""
"""An article as LaTeX sets it out, 345 pt wide; words may be far apart, so that a line that is too wide is a formula."""

TOO_WIDE = r"\[" + " + ".join(["X"] * 40) + r"\]"
TWICE_BELOW = r"\[x_a_b\]"
WRONG = ("x_a_b", r"\nosuchcommand", "é", r"\left( x")
"""Formulas that KaTeX must refuse: two indices, no command, a letter of prose, half a pair."""

FAULT = re.compile(r"^(! .*|Overfull \\hbox .*|Missing character: .*|LaTeX Warning: .*)$", re.MULTILINE)


def document(bodies: Iterable[str]) -> str:
    """A whole document."""
    return BEFORE + "\n\n".join(bodies) + "\n\\end{document}\n"


def faults(log: str) -> list[str]:
    """What TeX's log says against a page."""
    return FAULT.findall(log)


def set_by_tex(bodies: Iterable[str], name: str) -> list[str]:
    """What TeX says against a document. Raises RuntimeError if it made no page of it."""
    PLACE.mkdir(parents=True, exist_ok=True)
    (PLACE / f"{name}.tex").write_text(document(bodies), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-no-shell-escape", f"{name}.tex"]
    subprocess.run(command, cwd=PLACE, capture_output=True, check=False)
    log = (PLACE / f"{name}.log").read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
    if "Output written on" not in log:
        raise RuntimeError(f"{PLACE / name}.log: pdflatex wrote no page")
    return faults(log)


def formulas(statement: Statement) -> Iterator[tuple[str, str, bool]]:
    """The formulas of a statement's Markdown: the statement, the LaTeX, and whether it is displayed."""
    for displayed, inline in re.findall(r"\$\$(.+?)\$\$|\$([^$]+?)\$", as_markdown(statement), flags=re.DOTALL):
        yield statement.number, displayed or inline, bool(displayed)


def read_by_katex(found: Iterable[tuple[str, str, bool]]) -> list[str]:
    """What KaTeX says, a line for each formula that it refuses, then how many there were."""
    given = json.dumps(list(found))
    done = subprocess.run(["node", "katex.mjs"], cwd=KATEX, input=given, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode not in (0, 1) or not done.stdout:
        raise RuntimeError(f"{KATEX / 'katex.mjs'}: {done.stderr.strip()}")
    return done.stdout.splitlines()


def controls() -> Iterator[str]:
    """What the checks do not find on pages that have it."""
    wide, twice = set_by_tex([TOO_WIDE], "too_wide"), set_by_tex([TWICE_BELOW], "twice_below")
    if not any(fault.startswith("Overfull") for fault in wide):
        yield f"a formula that is wider than the page is not noticed: {wide}"
    if "! Double subscript." not in twice:
        yield f"a double subscript is not noticed: {twice}"
    if (said := read_by_katex([("control", wrong, True) for wrong in WRONG]))[-1] != f"{len(WRONG)} formulas, {len(WRONG)} refused":
        yield f"KaTeX does not refuse each of {', '.join(WRONG)}: {said}"


def main() -> int:
    """Everything that is wrong, and the count; the status is 1 if anything is."""
    if missing := [program for program in ("pdflatex", "node") if shutil.which(program) is None]:
        print(f"error: {' and '.join(missing)} not found; on Debian: apt-get install texlive-latex-recommended nodejs npm", file=sys.stderr)
        return 2
    wrong = list(controls())
    statements = in_order()
    tex = set_by_tex(map(as_latex, statements), "derivations")
    *refused, count = read_by_katex(formula for statement in statements for formula in formulas(statement))
    for line in [*wrong, *tex, *refused]:
        print(line)
    print(f"{len(statements)} statements on {PLACE}/derivations.pdf: {len(tex)} faults; KaTeX: {count}")
    return 1 if wrong or tex or refused else 0


if __name__ == "__main__":
    sys.exit(main())
