from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import flint
import pytest
import sympy

import proofs  # noqa: F401  (registers the statements)
from equivalence import Differ, InIdeal, Less, Positive, Statement, find, in_order, verify
from equivalence.algebras.notation import Notation
from equivalence.statements import Encloses, Inconsistent
from equivalence.statements.claims import Claim
from equivalence.statements.derivation import WIDTH, as_latex, as_markdown, as_text, written
from tests.support.pages import derived

STATEMENTS = [pytest.param(found, id=found.number) for found in in_order()]
g, z = sympy.symbols("gamma z")


def claim_of(*items: Any, kind: str = "refutation") -> Claim:
    def program() -> Iterator[Any]:
        yield from items

    return Claim("a claim", kind, program, False, (), ())


def statement_of(*items: Any, title: str = "Title", text: str = "Text.") -> Statement:
    return Statement("0.1", title, "refutation", "a source", text, [claim_of(*items)])


@pytest.mark.parametrize(
    ("item", "text", "latex"),
    [
        (("r", g**2), "γ²", r"\gamma^{2}"),
        (Differ("r", sympy.Integer(0), sympy.Integer(1)), "0 ≠ 1", r"0 \ne 1"),
        (Positive("r", g + 1, (g, z)), "γ + 1 > 0 ⇐ γ, z > 0", r"\gamma + 1 > 0 \Leftarrow \gamma, z > 0"),
        (InIdeal("r", (g * z,), (g,), (g, z)), "γ z ∈ ⟨ γ ⟩", r"\gamma z \in \langle \gamma \rangle"),
        (InIdeal("r", (g,), (g, z, g + 1, g + 2), (g, z)), "γ ∈ ⟨ γ, z, γ + 1, … (4) ⟩", None),
        (Inconsistent("r", (g, g + 1), (g,)), "1 ∈ ⟨ γ, γ + 1 ⟩", r"1 \in \langle \gamma, \gamma + 1 \rangle"),
        (Less("r", (sympy.Rational(1, 3), sympy.Rational(1, 2))), "1/3 < 1/2", r"\frac{1}{3} < \frac{1}{2}"),
        (Encloses("r", flint.arb(2).sqrt(), sympy.Integer(1), sympy.Integer(2)), "1 < 1.4142136… < 2", r"1 < 1.4142136\ldots < 2"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_steps_and_checks_are_written(item: Any, text: str, latex: str | None) -> None:
    ((heading, (line,)),) = written(claim_of(item)).chains
    assert (heading, line.number, line.reason, line.text) == ("", 1, "r", text)
    assert latex is None or line.latex == latex


def test_steps_are_numbered_and_linked_within_their_chain() -> None:
    found = written(claim_of(("start", z), ("same", z), "second", ("start", g), Differ("other", z, g), ("same", g))).chains
    assert [(chain.heading, [(line.number, line.text) for line in chain.lines]) for chain in found] == [
        ("", [(1, "z"), (2, "= z")]),
        ("second", [(1, "γ"), (2, "z ≠ γ"), (3, "= γ")]),
    ]


def test_long_formulas_go_on_in_the_next_line_before_a_sign() -> None:
    terms = [sympy.Symbol(f"a{number}") for number in range(10, 50)]
    item = Differ("r", sympy.Add(*terms), sympy.Integer(0))
    ((_, (line,)),) = written(claim_of(item)).chains
    _, folded = as_text(statement_of(item)).split("1. r\n")
    lines = folded.rstrip("\n").split("\n")
    assert max(map(len, lines)) <= WIDTH
    assert [len(part) - len(part.lstrip()) for part in lines] == [8, 12, 12]
    assert [part.strip()[:2] for part in lines[1:]] == ["+ ", "+ "]
    assert " ".join(part.strip() for part in lines) == line.text


def test_what_looks_like_the_step_before_is_not_written_again() -> None:
    """It says that another expression has the same value: of a witness, of which both are numbers, or of parts that nothing happens to."""
    text = as_text(statement_of(("start", z), ("the value at 1", z), ("another", g)))
    assert text.endswith("   1. start\n        z\n   2. the value at 1: the same\n   3. another\n        = γ\n")
    assert "2.\\ the value at 1: the same\n\n\\noindent 3." in as_latex(statement_of(("start", z), ("the value at 1", z), ("another", g)))


def test_what_changed_is_marked() -> None:
    a, b, c = (sympy.Symbol(name) for name in ("first", "second", "third"))
    found = statement_of(("start", a + b + g), ("second becomes third", a + c + g))
    assert as_text(found).endswith("        = first + γ + third\n                      ^^^^^\n")
    assert as_latex(found).endswith("\\[= first + \\gamma + \\underline{third}\\]\n")


def test_nothing_stands_out_where_nearly_everything_is_new() -> None:
    assert "^" not in as_text(statement_of(("start", g + 1), ("other", z * g + z)))


def test_the_first_step_of_a_chain_follows_nothing() -> None:
    ((_, lines),) = written(claim_of(Differ("other", z, g), ("start", z), ("same", z))).chains
    assert [line.text for line in lines] == ["z ≠ γ", "z", "= z"]


def test_what_is_no_step_is_refused() -> None:
    with pytest.raises(TypeError, match=r"expected a heading, a step \(reason, expression\) or a check, got 3 of type int"):
        written(claim_of(3))


def test_identities_are_written_for_all_sizes() -> None:
    (claim,) = find("2.1").claims
    assert claim.is_identity
    ((_, lines),) = written(claim).chains
    assert lines[-1].text == "= [[X, Q], [Y + (η/N) (W₀ X − Y) Xᵀ X, −(W₀ − (η/N) (W₀ X − Y) Xᵀ) Q]]"
    assert lines[-1].reason == "s(W₀X − Y)Xᵀ = −ΔW"


@pytest.mark.parametrize("found", STATEMENTS)
def test_every_statement_is_written_with_each_step_that_is_checked(found: Statement) -> None:
    lines = [line for derivation in derived(found.number) for chain in derivation.chains for line in chain.lines]
    compared = {check.claim: check.compared for check in verify(found, seed=1).checks}
    assert len(lines) >= sum(compared.values())
    text = as_text(found, derived=derived(found.number))
    assert text.startswith(f"{found.number}  {found.title}\n")
    unfolded = " ".join(text.split())
    for line in lines:
        assert " ".join(line.reason.split()) in unfolded
    assert found.source in unfolded


@pytest.mark.parametrize("found", STATEMENTS)
def test_latex_has_only_letters_that_latex_reads(found: Statement) -> None:
    assert set(re.findall(r"[^\x00-\x7f]", as_latex(found, derived=derived(found.number)))) <= set("“”’–—öéèüäïçßćńłøå")


def test_sentences_become_latex() -> None:
    words = "For *every* W₀ and d_x = 2, ``L(W) = ½‖WX‖²_F`` and diag(λ) > 0: 50% of W_off & Y.\n\nNext x̃."
    written = as_latex(statement_of(("the W₀ of d_x", z), text=words))
    assert r"For \emph{every} $W_{0}$ and $d_x =$ 2, $L(W) = \tfrac{1}{2}\|WX\|^{2}_F$ and $\operatorname{diag}(\lambda ) >$ 0:" in written
    assert r"50\% of $W_{off}$ \&" in written
    assert "\n\nNext $\\tilde{x}.$" in written
    assert r"1.\ the $W_{0}$ of $d_x$" in written


def test_markdown_is_what_a_notebook_shows() -> None:
    found = find("1.2")
    assert found._repr_markdown_() == as_markdown(found)
    assert as_markdown(found) == (
        "### 1.2 A weight update is a target update\n\n*identity; von Oswald et al. 2022, eq. 4*\n\n"
        "$(W + \\Delta )X - Y = WX - (Y - \\Delta X)$ for *every* Δ: both changes leave the same residuals.\n\n"
        "Nothing here is about gradients: they enter in 1.1 and 2.1. All d_x, d_y, N.\n\n"
        "1\\. residuals after the weight update\n\n$$\\left(W + \\Delta \\right) X - Y$$\n\n"
        "2\\. distribute\n\n$$= \\underline{W X} + \\underline{\\Delta X} - Y$$\n\n"
        "3\\. count the new term to the targets\n\n$$= W X - \\underline{\\left(Y - \\Delta X\\right)}$$\n"
    )


def test_a_claim_of_its_own_is_headed() -> None:
    found = find("1.3")
    for write, heading in ((as_text, "— {} —"), (as_latex, r"\paragraph{{{}.}}"), (as_markdown, "**{}**")):
        assert heading.format(found.claims[1].title if write is not as_latex else "closed form of the residual, any $K$") in write(found)


def test_the_notation_is_the_readings_own() -> None:
    """An identity's program is run in the notation reading, not in the exact one, whose sizes are numbers."""
    seen: list[Any] = []

    def program(algebra: Any, n: Any) -> Iterator[Any]:
        seen.append((type(algebra), n))
        yield "one", algebra.eye(n)

    written(Claim("c", "identity", program, True, ("n",), ()))
    assert [(kind, repr(size)) for kind, size in seen] == [(Notation, "n")]
