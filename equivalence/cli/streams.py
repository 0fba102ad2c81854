"""What goes to the screen: in any encoding, without what a terminal would act on, and as JSON that every program reads."""

from __future__ import annotations

import codecs
import io
import json
import os
import re
import sys
import unicodedata
from contextlib import suppress
from pathlib import Path

LONGEST_LINE = 500
"""Of an error or a note, which may quote what others wrote."""

PLAIN = {
    "−": "-", "–": "-", "—": "-", "‑": "-", "·": "*", "×": "x", "…": "...", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "→": "->", "↦": "->",
    "←": "<-", "‖": "||", "√": "sqrt ", "∈": " in ", "∞": "oo", "∇": "grad ", "∂": "d", "∑": "sum ", "∏": "prod ", "⊤": "^T", "⊙": "(.)",
    "“": '"', "”": '"', "‘": "'", "’": "'", "„": '"', "½": "1/2", "±": "+-", "∘": "o", "⁄": "/", "∎": "[]", "═": "=", "║": "|",
}  # fmt: skip
"""What stands for a character that an encoding does not have; Greek letters go by their names, and what lines are drawn with by dashes."""


def readable(error: UnicodeError) -> tuple[str, int]:
    """The ASCII text that stands for what cannot be encoded: an error handler of `codecs`. Never fails for a character."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain(error.object[error.start : error.end]), error.end


def plain(text: str) -> str:
    """Text in ASCII: η as eta, ² as ^2, W₀ as W_0, what has no such form as an escape."""
    return "".join(_plain_character(before, character) for before, character in zip(" " + text, text, strict=False))


def _plain_character(before: str, character: str) -> str:
    if character.isascii() or character in PLAIN:
        return PLAIN.get(character, character)
    kind, _, code = unicodedata.decomposition(character).rpartition(" ")
    if kind in ("<super>", "<sub>"):
        mark = "" if unicodedata.decomposition(before).startswith(kind) else "^" if kind == "<super>" else "_"
        return mark + plain(chr(int(code, 16)))
    words = unicodedata.name(character, "").split()
    if words[:1] == ["GREEK"] and words[2:3] == ["LETTER"]:
        return words[3].capitalize() if words[1] == "CAPITAL" else words[3].lower()
    if words[:2] == ["BOX", "DRAWINGS"]:
        return {"HORIZONTAL": "-", "VERTICAL": "|"}.get(words[-1], "+")
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return letters or character.encode("ascii", "backslashreplace").decode()


codecs.register_error("equivalence.readable", readable)


def never_fail_for_a_character() -> None:
    """Have the streams of this process write something readable for what their encodings lack."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="equivalence.readable")


def harmless(text: str) -> str:
    """Text whose control characters, terminal sequences and changes of direction are written out as escapes; lines stay lines."""
    return re.sub(r"[^\n -~]", lambda found: found[0] if found[0].isprintable() else ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    """Text on one line that a terminal shows as it is, shortened in its middle."""
    line = harmless(" ".join(text.split()))
    half = LONGEST_LINE // 2
    return line if len(line) <= LONGEST_LINE else f"{line[:half]} … {line[-half:]}"


def say(text: str) -> None:
    """An answer, on stdout."""
    print(harmless(text))


def say_json(told: object) -> None:
    """An answer as JSON that other programs read: no NaN, no infinity, and escapes where the stream lacks a character."""
    text = json.dumps(told, ensure_ascii=False, indent=2, allow_nan=False)
    print(text if fitted(text) == text else json.dumps(told, indent=2, allow_nan=False))


def say_aside(text: str) -> None:
    """A note or an error: a line on stderr, or nothing where that cannot be written to."""
    if sys.stderr is not None:  # None would be stdout
        with suppress(OSError):
            print(one_line(text), file=sys.stderr, flush=True)


def fitted(text: str) -> str:
    """Text as stdout can show it."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "equivalence.readable").decode(encoding)


def finish() -> None:
    """Write what is still to be written. Raises OSError where that cannot be done."""
    if sys.stdout is not None:
        sys.stdout.flush()


def give_up() -> None:
    """Let what could not be written go to nowhere, as the interpreter would try again on its way out, and end with a status of its own."""
    with suppress(OSError, ValueError, AttributeError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
