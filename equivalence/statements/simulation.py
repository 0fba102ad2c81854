"""Induction over any number of steps: one machine does what another does, from every state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from equivalence.algebras.names import Fresh
from equivalence.algebras.protocol import Algebra
from equivalence.algebras.sizes import Dimension
from equivalence.statements.steps import Items

State = Mapping[str, Any]
Shapes = Mapping[str, tuple[Dimension, Dimension] | None]


def simulation(
    algebra: Algebra,
    *,
    state: Shapes,
    begins: State,
    right: Callable[..., State],
    start: State,
    left: Callable[..., State],
    related: Callable[..., State],
    reasons: Sequence[str],
) -> Items:
    """An induction over any number of steps: the left machine, on data, does what the right machine, on weights, does.

    Base: the left machine starts as the right machine's start says. Step: from *any* state of the right machine, one step of each
    keeps the relation. So it holds after K steps, for every K; nothing is unrolled. Any state is one of fresh letters, which are made
    here and which no other expression can contain: a generator's or symbol's name has no bracket. The machines and the relation are taken
    to be functions: what they give depends on their arguments alone.

    Args:
        algebra: in which the program runs.
        state: the right machine's parts: rows and columns of a matrix, or None for a scalar. What a machine divides by is taken to be
            nonzero, at every state that is reached: where it is 0 there is no next state to speak of.
        begins: the right machine's start, by part.
        right: one step of the right machine, parts in and parts out.
        start: the left machine's start, by part.
        left: one step of the left machine, parts in and parts out.
        related: the left state that a right state stands for, right parts in and left parts out.
        reasons: why the base holds, and why the step does.

    Raises:
        ValueError: a machine whose parts are not those of its start, at any of its states; or have another shape, which a step from a
            state of the first shape says nothing of.
    """
    fresh = {name: _letter(algebra, name, shape) for name, shape in state.items()}
    after = dict(right(**fresh))
    stands_for = [dict(related(**begins)), dict(related(**fresh)), dict(related(**after))]
    stepped = dict(left(**stands_for[1]))
    _check_parts("right", fresh, begins=begins, right=after)
    _check_parts(
        "left", start, **dict(zip(("related at the start", "related", "related after a step"), stands_for, strict=True)), left=stepped
    )
    for part, value in start.items():
        yield f"base, {part}"
        yield "before the first step", value
        yield reasons[0], stands_for[0][part]
    for part, value in stepped.items():
        yield f"step, {part}"
        yield "one step from a related state", value
        yield reasons[1], stands_for[2][part]


def _letter(algebra: Algebra, name: str, shape: tuple[Dimension, Dimension] | None) -> object:
    return algebra.symbol(Fresh(name)) if shape is None else algebra.generator(Fresh(name), *shape)


def _check_parts(machine: str, expected: Mapping[str, object], **states: Mapping[str, object]) -> None:
    if not expected:
        raise ValueError(f"simulation: the {machine} machine has no parts, so nothing is claimed")
    for name, state in states.items():
        if set(state) != set(expected):
            raise ValueError(
                f"simulation: {name} has the parts {', '.join(sorted(state)) or 'none'}, expected {', '.join(sorted(expected))}"
            )
        for part, value in state.items():
            if (came := _shape(value)) != (wanted := _shape(expected[part])):
                raise ValueError(
                    f"simulation: {part} of {name} has shape {came}, expected {wanted}, as that of the {machine} machine's state"
                )


def _shape(value: object) -> tuple[Dimension, ...]:
    """With its partition; none for a scalar."""
    return tuple(getattr(value, "shape", ()))
