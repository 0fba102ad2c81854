r"""What one gradient step can reach on the tasks of `equivalence.tasks.regression`, exactly.

The risk of a prediction p is ``½ E‖p − w q‖²``: over the task, the context and the query. The step is from W = 0, on
``1/(2N) ‖WX − Y‖²``. For Gaussian inputs the best rate is that of Mahankali et al. 2023 and Zhang et al. 2023; from a law's moments it
follows by the same expansion, which the tests enumerate.
"""

from __future__ import annotations

from fractions import Fraction

from equivalence.checks import checked_count
from equivalence.tasks.laws import InputLaw
from equivalence.tasks.numbers import Number, exact_number, not_negative


def risk(inputs: InputLaw, *, d_x: int, context: int, rate: Number, d_y: int = 1, noise_variance: Number = 0) -> Fraction:
    r"""The risk of one gradient step from W = 0 with rate η, exactly: ``½ d_y d_x σ² (1 − 2ησ² + η² κ/N)``.

    ``κ = (N + d_x − 2)σ⁴ + m₄ + τ²σ²``; η = 0 is the risk of predicting 0.

    Args:
        inputs, d_x, context, d_y, noise_variance: as for `regression`.
        rate: η.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    eta, spread = exact_number("rate", rate), _spread(inputs, d_x, context, noise_variance)
    left = 1 - 2 * eta * inputs.variance + eta**2 * spread / context
    return Fraction(checked_count("d_y", d_y) * d_x, 2) * inputs.variance * left


def optimal_rate(inputs: InputLaw, *, d_x: int, context: int, noise_variance: Number = 0) -> Fraction:
    """η* = Nσ² / ((N + d_x − 2)σ⁴ + m₄ + τ²σ²), where `risk` is least, exactly; it does not depend on d_y.

    Args:
        inputs: the law of one coordinate, with σ² and m₄.
        d_x: rows of the inputs.
        context: N.
        noise_variance: τ² of the targets' noise, not negative.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    return context * inputs.variance / _spread(inputs, d_x, context, noise_variance)


def optimal_risk(inputs: InputLaw, *, d_x: int, context: int, d_y: int = 1, noise_variance: Number = 0) -> Fraction:
    """The risk at η*, exactly: ``½dσ² ((d−2)σ⁴ + m₄) / ((N+d−2)σ⁴ + m₄)`` for d_y = 1 and no noise. No other rate does better.

    Args:
        inputs: the law of one coordinate, with σ² and m₄.
        d_x: rows of the inputs.
        context: N.
        d_y: rows of the targets.
        noise_variance: τ² of the targets' noise, not negative.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    rate = optimal_rate(inputs, d_x=d_x, context=context, noise_variance=noise_variance)
    return risk(inputs, d_x=d_x, context=context, rate=rate, d_y=d_y, noise_variance=noise_variance)


def _spread(inputs: InputLaw, d_x: int, context: int, noise_variance: Number) -> Fraction:
    """κ: ``E (XXᵀ)² = N((N + d_x − 2)σ⁴ + m₄) I``, and the noise adds ``E Xεᵀ εXᵀ = Nτ²σ² I`` for each row of Y."""
    others = checked_count("context", context) + checked_count("d_x", d_x) - 2
    noise = not_negative("noise_variance", noise_variance)
    return others * inputs.variance**2 + inputs.fourth_moment + noise * inputs.variance
