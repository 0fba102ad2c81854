"""A ledger: sentences that others wrote, each with its verdict, which its statements have to bear out whenever it is shown.

A ledger is a TOML file with three lists. Rows under ``claim`` have id, section, claim, verdict, answer; rows under ``erratum`` id, paper,
place, printed, counterexample, corrected, read (what was read of it: "source" or "secondary"); rows under ``question`` id, question,
answer. Each names the ``statements`` that decide it, and may have a ``command`` that shows it, which else is ``python -m proofs`` with
their numbers. A row whose statements are not all there, or do not all hold, is *open*, whatever the file says, and says why.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from equivalence.checks import legible
from equivalence.statements.verdicts import Outcome

OPEN = "open"
VERDICTS = ("proved", "refuted", "refined", "measured", OPEN)
"""What a row may say: *refined* means true under a condition, or in another form, which the answer names."""
READ = {"source": "read in the source", "secondary": "known from a secondary text only"}
FIELDS = {
    "claim": ("section", "claim", "verdict", "answer"),
    "erratum": ("paper", "place", "printed", "counterexample", "corrected", "read"),
    "question": ("question", "answer"),
}
"""What a row of each part has, beside id, statements and command."""

HEAD = """# Claims

What the write-up and the papers that it discusses claim, in our words, and what becomes of it when the statements are checked: *proved*,
*refuted*, *refined* (true under a condition or in another form, which the answer names), *measured*, or *open*. A row is open where no
statement decides it, where one that would is not built yet, or where one does not hold. This page is made by
`python -m proofs --claims --markdown` from `proofs/ledger.toml`, and a test compares the two."""

Outcomes = Mapping[str, Outcome]
"""What became of the statements there are, by number."""


@dataclass(frozen=True)
class Row:
    """One row of a ledger.

    Attributes:
        id: by which it is cited.
        part: "claim", "erratum" or "question".
        texts: its fields, by name.
        statements: the numbers of those that decide it.
        command: what shows it; empty if nothing does.
    """

    id: str
    part: str
    texts: Mapping[str, str]
    statements: tuple[str, ...]
    command: str

    @property
    def says(self) -> str:
        """The verdict in the file: an erratum refutes what is printed; a question is settled by its answer, which its statements prove."""
        return self.texts.get("verdict", "refuted" if self.part == "erratum" else "proved")

    def unfit(self, outcomes: Outcomes) -> str:
        """Why its statements do not decide it; empty if they do."""
        missing = [number for number in self.statements if number not in outcomes]
        if missing:
            return f"rests on {', '.join(missing)}, not built yet"
        wrong = {number: outcomes[number] for number in self.statements if outcomes[number] != "holds"}
        return "; ".join(f"{number} is {outcome}" for number, outcome in wrong.items())

    def verdict(self, outcomes: Outcomes) -> str:
        """What the file says if every statement holds, else open."""
        return OPEN if self.unfit(outcomes) else self.says


def read_ledger(path: Path) -> tuple[Row, ...]:
    """The rows of a file, in its order.

    Raises:
        ValueError: no TOML; a part or field that there is not, or that is missing or no text; an unknown verdict; an id that stands twice;
            a verdict that no statement decides.
    """
    try:
        parts = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name}: expected TOML: {error}") from error
    if unknown := set(parts) - set(FIELDS):
        raise ValueError(f"{path.name}: expected the lists {', '.join(FIELDS)}, got {', '.join(sorted(unknown))}")
    rows = tuple(_row(part, entry) for part in FIELDS for entry in parts.get(part, []))
    if twice := [id for id, count in Counter(row.id for row in rows).items() if count > 1]:
        raise ValueError(f"{path.name}: expected an id a row, {', '.join(twice)} stands twice")
    return rows


def _row(part: str, entry: Mapping[str, object]) -> Row:
    name = legible(str(entry.get("id", "a row without id")))
    expected = {"id", "statements", *FIELDS[part]}
    if wrong := (expected - set(entry)) | (set(entry) - expected - {"command"}):
        raise ValueError(
            f"{name}: expected the fields {', '.join(sorted(expected))}, got {', '.join(sorted(entry))}: {', '.join(sorted(wrong))}"
        )
    numbers = entry["statements"]
    if not isinstance(numbers, list) or not all(isinstance(number, str) for number in numbers):
        raise ValueError(f"{name}: statements: expected a list of numbers such as ['2.1'], got {numbers!r}")
    texts = {field: _text(name, field, entry[field]) for field in FIELDS[part]}
    command = _text(name, "command", entry.get("command", f"python -m proofs {' '.join(numbers)}" if numbers else ""))
    row = Row(str(entry["id"]), part, texts, tuple(numbers), command)
    _check_verdict(row)
    return row


def _text(name: str, field: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name}: {field}: expected a text, got {value!r}")
    return value


def _check_verdict(row: Row) -> None:
    if row.says not in VERDICTS:
        raise ValueError(f"{row.id}: verdict: expected one of {', '.join(VERDICTS)}, got {row.says!r}")
    if row.says != OPEN and not row.statements:
        raise ValueError(f"{row.id}: verdict: {row.says} by no statement; name those that decide it, or say open")
    if row.texts.get("read", "source") not in READ:
        raise ValueError(f"{row.id}: read: expected one of {', '.join(READ)}, got {row.texts['read']!r}")


def cited(rows: Iterable[Row]) -> list[str]:
    """The numbers that rows rest on, each once."""
    return list(dict.fromkeys(number for row in rows for number in row.statements))


def described_row(row: Row, outcomes: Outcomes) -> dict[str, object]:
    """For JSON: of an erratum the claim is what is printed and the answer what is right, of a question it is the question."""
    texts, why = row.texts, row.unfit(outcomes)
    section, claim, answer = {
        "claim": lambda: (texts["section"], texts["claim"], texts["answer"]),
        "erratum": lambda: (f"{texts['paper']}, {texts['place']}", texts["printed"], texts["corrected"]),
        "question": lambda: ("What people ask", texts["question"], texts["answer"]),
    }[row.part]()
    more = {field: texts[field] for field in ("counterexample", "read") if field in texts}
    more |= {"why": why} if why else {}
    said = {"id": row.id, "part": row.part, "section": section, "claim": claim, "verdict": row.verdict(outcomes), "answer": answer}
    return {**said, **more, "statements": list(row.statements), "command": row.command}


def counts(rows: Iterable[Row], outcomes: Outcomes) -> str:
    """How many claims have which verdict."""
    found = Counter(row.verdict(outcomes) for row in rows if row.part == "claim")
    return f"{found.total()} claims: {', '.join(f'{found[verdict]} {verdict}' for verdict in VERDICTS if found[verdict])}"


def said(row: Row, outcomes: Outcomes) -> str:
    """Its verdict, and why it is open, if its statements are to blame."""
    why = row.unfit(outcomes)
    return f"{row.verdict(outcomes)}{f' ({why})' if why else ''}"


def answered(row: Row, outcomes: Outcomes) -> str:
    """What is known; of a row that its statements do not bear out, what they were to show."""
    answer = row.texts["corrected" if row.part == "erratum" else "answer"]
    return f"To be shown: {answer}" if row.unfit(outcomes) else answer


def as_markdown(rows: Sequence[Row], outcomes: Outcomes, titles: Mapping[str, str]) -> str:
    """The three parts as a page.

    Args:
        rows: from `read_ledger`.
        outcomes: what became of the statements.
        titles: of the statements, by number.
    """
    claims, errata, questions = ([row for row in rows if row.part == part] for part in FIELDS)
    lines = [HEAD, "## The write-up, claim by claim", f"{counts(rows, outcomes)}."]
    for section, group in groupby(claims, key=lambda row: row.texts["section"]):
        lines += [f"### {section}", *(paragraph for row in group for paragraph in _claim(row, outcomes, titles))]
    lines += ["## Errata", "Formulas as printed, the smallest exact counterexample, and the corrected form."]
    lines += [paragraph for row in errata for paragraph in _erratum(row, outcomes, titles)]
    lines += ["## What people ask", *(paragraph for row in questions for paragraph in _question(row, outcomes, titles))]
    return "\n\n".join(lines)


def _claim(row: Row, outcomes: Outcomes, titles: Mapping[str, str]) -> list[str]:
    judged = f"*{_begun(said(row, outcomes))}.* {answered(row, outcomes)}"
    return [f"**{row.id}.** {row.texts['claim']}", judged, *_shown(row, titles)]


def _erratum(row: Row, outcomes: Outcomes, titles: Mapping[str, str]) -> list[str]:
    texts = row.texts
    printed = f"**{row.id}.** {texts['paper']}, {texts['place']} ({READ[texts['read']]}). Printed: {texts['printed']}"
    judged = f"*{_begun(said(row, outcomes))}.* {_begun(texts['counterexample'])}"
    return [printed, judged, f"Right: {answered(row, outcomes)}", *_shown(row, titles)]


def _question(row: Row, outcomes: Outcomes, titles: Mapping[str, str]) -> list[str]:
    doubt = f"*{_begun(said(row, outcomes))}.* " if row.unfit(outcomes) else ""
    return [f"**{row.id}.** {row.texts['question']}", f"{doubt}{answered(row, outcomes)}", *_shown(row, titles)]


def _begun(sentence: str) -> str:
    """With a capital where it begins with a small letter."""
    return sentence[:1].upper() + sentence[1:]


def _shown(row: Row, titles: Mapping[str, str]) -> list[str]:
    """A paragraph with the statements and the command, if there are any."""
    named = ", ".join(f"{number} {titles[number]}" if number in titles else number for number in row.statements)
    shown = ": ".join(filter(None, (named, f"`{row.command}`" if row.command else "")))
    return [shown] if shown else []
