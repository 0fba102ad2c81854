"""Formulas that know where they may be broken, and how they are laid out on lines of a width.

A formula is the text of its one line, a `str`; `Row`, `Bracketed` and `Grid` know their parts besides. What is too long for a line is
broken between the parts of the outermost row, then within the parts that are too long themselves: at sums, at products, and inside
brackets. What goes on is indented by one step a bracket.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

MARKS = "\ue000", "\ue001"
"""Begin and end of what changed, two characters without a meaning or a width of their own."""


class Joint(NamedTuple):
    """What stands between two parts of a row: on one line; or at the end of a line, and at the beginning of the next.

    Attributes:
        flat: on one line.
        ends, begins: where the row is broken here.
        breaks: whether it can be broken here.
        first: whether to break here rather than within the next part, as sums are.
        always: whether it is broken here whenever the row does not fit one line, as between the rows of a matrix.
    """

    flat: str
    ends: str = ""
    begins: str = ""
    breaks: bool = True
    first: bool = False
    always: bool = False


PLUS, MINUS = Joint(" + ", begins="+ ", first=True), Joint(" - ", begins="- ", first=True)
TIMES, COMMA, TIED, SPACE = Joint(" "), Joint(", ", ends=",", first=True), Joint("", breaks=False), Joint(" ", breaks=False)
NEXT_ROW = Joint(", ", ends=",", first=True, always=True)


class Row(str):
    """Parts side by side, with a joint between any two."""

    parts: tuple[str, ...]
    joints: tuple[Joint, ...]

    def __new__(cls, parts: Sequence[str], joints: Sequence[Joint]) -> Row:
        """The row of parts, one joint fewer than parts."""
        row = super().__new__(cls, parts[0] + "".join(joint.flat + part for joint, part in zip(joints, parts[1:], strict=True)))
        row.parts, row.joints = tuple(parts), tuple(joints)
        return row


class Brackets(NamedTuple):
    """An opening and a closing, around what is on one line; and those that can stand on two lines, which LaTeX's own pairs cannot."""

    opening: str
    closing: str
    opening_broken: str
    closing_broken: str


ANGLES = Brackets("⟨ ", " ⟩", "⟨ ", " ⟩")


class Bracketed(str):
    """A formula between brackets, with what is put to the closing one, such as an exponent."""

    brackets: Brackets
    inner: str
    after: str

    def __new__(cls, brackets: Brackets, inner: str, after: str = "") -> Bracketed:
        """The formula within the brackets."""
        whole = super().__new__(cls, brackets.opening + inner + brackets.closing + after)
        whole.brackets, whole.inner, whole.after = brackets, inner, after
        return whole


class Grid(str):
    """A matrix: what it looks like on one line, its cells, and the brackets of its rows where it is too wide for that."""

    cells: list[list[str]]
    write: Callable[[list[list[str]]], str]
    brackets: Brackets

    def __new__(cls, cells: Sequence[Sequence[str]], write: Callable[[list[list[str]]], str], brackets: Brackets) -> Grid:
        """The matrix of the cells."""
        grid = super().__new__(cls, write([list(line) for line in cells]))
        grid.cells, grid.write, grid.brackets = [list(line) for line in cells], write, brackets
        return grid

    def rows(self) -> Bracketed:
        """Row by row; of one row or one column, entry by entry."""
        lines = [Row(line, [COMMA] * (len(line) - 1)) for line in self.cells]
        if len(lines) == 1:
            return Bracketed(self.brackets, lines[0])
        inner = [line.parts[0] if len(line.parts) == 1 else Bracketed(self.brackets, line) for line in lines]
        joint = NEXT_ROW if len(self.cells[0]) > 1 else NEXT_ROW._replace(flat="; ", ends=";")
        return Bracketed(self.brackets, Row(inner, [joint] * (len(inner) - 1)))


class Alternative(str):
    """A formula that is written in another way where it has to be broken, such as a fraction."""

    instead: Callable[[], str]

    def __new__(cls, written: str, instead: Callable[[], str]) -> Alternative:
        """What is written on one line, and what makes the other way of writing it."""
        whole = super().__new__(cls, written)
        whole.instead = instead
        return whole


class Marked(str):
    """A formula that changed from the step before."""

    inner: str

    def __new__(cls, inner: str) -> Marked:
        """The formula between marks."""
        marked = super().__new__(cls, MARKS[0] + inner + MARKS[1])
        marked.inner = inner
        return marked

    def spread(self) -> str | None:
        """The same with each part marked, so that no line ends within a mark; None if it has no parts."""
        match self.inner:
            case Row() as row:
                return Row([Marked(part) for part in row.parts], row.joints)
            case Bracketed() as whole:
                return Bracketed(whole.brackets, Marked(whole.inner), whole.after)
            case Grid() as grid:
                return Grid([[Marked(cell) for cell in line] for line in grid.cells], grid.write, grid.brackets)
            case Alternative() as other:
                return Marked(other.instead())
        return None


class Line(NamedTuple):
    """A line of a formula, and by how many steps it is indented."""

    depth: int
    written: str


def broken(formula: str, width: float, measure: Callable[[str], float], step: float) -> list[Line]:
    """A formula on lines of a width.

    Args:
        formula: a string, and better one that knows its parts.
        width: the width of a line, in the units of the measure.
        measure: how wide a string is, marks and all.
        step: how wide one step of indentation is.

    Returns:
        The lines. Only what has no parts can be wider than the width.
    """
    sheet = _Sheet(width, measure, step)
    sheet.put(formula, 1, "")
    return [Line(depth, "".join(written)) for depth, written in sheet.lines]


class _Sheet:
    """Lines that are being filled."""

    def __init__(self, width: float, measure: Callable[[str], float], step: float) -> None:
        self.width, self.measure, self.step = width, measure, step
        self.deepest = max(1, int(width / step / 3))
        self.lines: list[tuple[int, list[str]]] = [(0, [])]

    def put(self, formula: str, depth: int, trailing: str) -> None:
        """Write a formula, of which some may stand on further lines at a depth; what trails stays at its end."""
        if self._fits(formula + trailing):
            return self._write(formula)
        match formula:
            case Marked() if (spread := formula.spread()) is not None:
                self.put(spread, depth, trailing)
            case Row():
                self._put_row(formula, depth, trailing)
            case Bracketed():
                closing = formula.brackets.closing_broken + formula.after
                self._write(formula.brackets.opening_broken)
                self.put(formula.inner, depth, closing + trailing)
                self._write(closing)
            case Grid():
                self.put(formula.rows(), depth, trailing)
            case Alternative():
                self.put(formula.instead(), depth, trailing)
            case _:
                self._write(formula)
        return None

    def _put_row(self, row: Row, depth: int, trailing: str) -> None:
        within = depth + any(joint.breaks for joint in row.joints)
        for number, part in enumerate(row.parts):
            after = _after(row, number, trailing)
            if number:
                self._join(row.joints[number - 1], part, depth, after)
            self.put(part, within, after)

    def _join(self, joint: Joint, part: str, depth: int, after: str) -> None:
        """Between two parts: on the same line if the next part fits, or at least begins there."""
        stays = self._fits(joint.flat + part + after) and not joint.always
        begins = self._fits(joint.flat + head(part)) and not joint.first and not self._fits_alone(joint.begins + part + after, depth)
        if stays or begins or not joint.breaks:
            return self._write(joint.flat)
        self._write(joint.ends)
        self.lines.append((min(depth, self.deepest), []))
        return self._write(joint.begins)

    def _fits(self, written: str) -> bool:
        depth, line = self.lines[-1]
        return depth * self.step + self.measure("".join([*line, written])) <= self.width

    def _fits_alone(self, written: str, depth: int) -> bool:
        return min(depth, self.deepest) * self.step + self.measure(written) <= self.width

    def _write(self, written: str) -> None:
        self.lines[-1][1].append(str(written))


def _after(row: Row, number: int, trailing: str) -> str:
    """What must stand on the same line as the end of a part."""
    if number == len(row.joints):
        return trailing
    joint = row.joints[number]
    return joint.ends if joint.breaks else joint.flat + head(Row(row.parts[number + 1 :], row.joints[number + 1 :])) + trailing


def head(formula: str) -> str:
    """What stands before the first place where a formula can be broken."""
    match formula:
        case Marked() if (spread := formula.spread()) is not None:
            return head(spread)
        case Row():
            last = next((number for number, joint in enumerate(formula.joints) if joint.breaks), len(formula.joints))
            before = "".join(part + joint.flat for part, joint in zip(formula.parts[:last], formula.joints, strict=False))
            return before + head(formula.parts[last]) + (formula.joints[last].ends if last < len(formula.joints) else "")
        case Bracketed():
            return formula.brackets.opening_broken + head(formula.inner)
        case Grid():
            return head(formula.rows())
        case Alternative():
            return head(formula.instead())
    return formula


def negative(formula: str) -> bool:
    """Whether it begins with a minus."""
    return formula.startswith("-")


def negated(formula: str) -> str:
    """With a minus before it."""
    return Row(["-", formula], [TIED])


def without_minus(formula: str) -> str:
    """What stands after the minus at its beginning."""
    if isinstance(formula, Alternative):
        return Alternative(formula[1:].lstrip(), lambda: without_minus(formula.instead()))
    if not isinstance(formula, Row):
        return formula[1:].lstrip()
    first, *others = formula.parts
    if first == "-":
        return others[0] if len(others) == 1 else Row(others, formula.joints[1:])
    return Row([without_minus(first), *others], formula.joints)


def summed(terms: Sequence[str]) -> str:
    """Terms in a row, with their signs between them; a sum among them goes on without brackets."""
    parts, joints = list[str](), list[Joint]()
    for term in terms:
        joints += [MINUS if negative(term) else PLUS] if parts else []
        rest = without_minus(term) if negative(term) and parts else term
        inner = rest if isinstance(rest, Row) and set(rest.joints) <= {PLUS, MINUS} else Row([rest], [])
        parts += inner.parts
        joints += inner.joints
    return Row(parts, joints)


def raised(formula: str, exponent: str) -> str:
    """With an exponent, which stays with the closing bracket if there is one."""
    match formula:
        case Bracketed():
            return Bracketed(formula.brackets, formula.inner, formula.after + exponent)
        case Grid():
            return Row([formula, exponent], [TIED])
    return formula + exponent


def listed(formulas: Sequence[str]) -> str:
    """Formulas with commas between them."""
    return Row(formulas, [COMMA] * (len(formulas) - 1)) if formulas else ""
