"""What is drawn of the two orders: the counts against the formulas of 4.5, and times that are given; no clock is read here."""

from typing import Any

import numpy as np
import pytest

from benchmarks import measures
from equivalence.plots import orders, orders_of_multiplication
from equivalence.plots.orders import exponent, multiplications, seconds

CONTEXTS = [4, 8, 32, 100]


def drawn(axes: Any) -> dict[str, np.ndarray]:
    return {line.get_label(): np.array(line.get_data(), dtype=float) for line in axes.get_lines()}


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int, int]]:
    """Seconds that are N times N for the scores, and N for the memory; and what was asked for."""
    asked = []

    def told(order: str, d_k: int, d_v: int, context: int) -> float:
        asked.append((order, d_k, d_v, context))
        return float(context**2 if order == "V(KᵀQ)" else context)

    monkeypatch.setattr(orders, "seconds", told)
    return asked


def test_counts_and_times_are_drawn(timed: list[tuple[str, int, int, int]]) -> None:
    counted, measured = orders_of_multiplication(CONTEXTS, d_k=3, d_v=6).axes
    lines = drawn(counted)
    assert (lines["V(KᵀQ)"] == [CONTEXTS, [N * N * (3 + 6) for N in CONTEXTS]]).all()
    assert (lines["(VKᵀ)Q"] == [CONTEXTS, [2 * N * 3 * 6 for N in CONTEXTS]]).all()
    assert set(lines["they cross"][0]) == {2 * 3 * 6 / (3 + 6)}
    assert (drawn(measured)["V(KᵀQ)"] == [CONTEXTS, [N * N for N in CONTEXTS]]).all()
    assert (drawn(measured)["(VKᵀ)Q"] == [CONTEXTS, CONTEXTS]).all()
    assert set(timed) == {(order, 3, 6, N) for order in orders.ORDERS for N in CONTEXTS}


def test_a_time_is_a_time() -> None:
    for order in orders.ORDERS:
        assert seconds(order, 2, 3, 5, runs=1) > 0
        assert multiplications(order, 2, 3, 5) == {"V(KᵀQ)": 125, "(VKᵀ)Q": 60}[order]


@pytest.mark.parametrize("power", [0.5, 1, 2, 3])
def test_the_exponent_is_that_of_a_power(power: float) -> None:
    assert exponent(CONTEXTS, [7 * N**power for N in CONTEXTS]) == pytest.approx(power, abs=1e-12)


@pytest.mark.parametrize(("contexts", "message"), [([4], "at least two numbers"), ([8, 4], "increasing"), ([1, 2.5], "contexts")])
def test_contexts_are_counts_that_increase(contexts: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        orders_of_multiplication(contexts, d_k=1, d_v=1)


def test_sizes_are_counts() -> None:
    with pytest.raises(ValueError, match="d_v"):
        orders_of_multiplication(CONTEXTS, d_k=1, d_v=0)


@pytest.mark.usefixtures("timed")
def test_the_benchmark_says_whether_the_exponents_are_met() -> None:
    quadratic, linear = measures.growth("V(KᵀQ)", 1.7, np.inf), measures.growth("(VKᵀ)Q", -np.inf, 1.2)
    assert (quadratic.figure, quadratic.target, quadratic.met) == ("2.00", "above 1.7", True)
    assert (linear.figure, linear.target, linear.met) == ("1.00", "below 1.2", True)
    assert linear.name == "(VKᵀ)Q, exponent of its time in N = 512…8192"
    assert not measures.growth("V(KᵀQ)", -np.inf, 1.2).met
    assert not measures.growth("(VKᵀ)Q", 1.7, np.inf).met
    assert not quadratic.binding
