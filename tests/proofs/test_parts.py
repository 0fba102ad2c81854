"""Each claim notices when a part of it is replaced: by zero, its negative, twice itself, one without 1/N, or another method's.

A construction that a claim does not notice is one that the claim says nothing of. Where that is right, the reason stands in `UNNOTICED`.
"""

from __future__ import annotations

import pytest

import proofs  # noqa: F401  (registers the statements)
from equivalence.statements import Claim, Statement, in_order, verify
from tests.support.parts import results_of, wrong_versions

UNNOTICED = {
    "a prediction does not read the x rows, which is all that GD++ changes in one layer (3.4)": """
        2.2 queries_among_keys layer GD++
        2.2 iff_zero layer GD++
        2.3 parametrisations layer GD++
        2.5 rates_proportional layer GD++
        2.5 caveats layer GD++
        2.8 misread layer GD++
        6.4 enclosed_gap layer GD++
        7.5 layer_on_features layer GD++
        9.1 decision layer GD++
        9.3 kept layer GD++
        9.3 unordered layer GD++
        9.3 turning layer GD++
    """,
    "that γ makes no difference is what the claim says": """
        3.4 last_gamma layer plain
        3.4 last_gamma plain GD++
    """,
    "N is 1 there, so there is no count to drop": """
        2.2 only_first_layer layer no 1/N
        2.3 parametrisations layer no 1/N
        2.3 necessary_context layer no 1/N
        2.5 caveats layer no 1/N
        2.6 no_matrix layer no 1/N
        3.3 gdpp_is_not_gd layer no 1/N
        3.3 gdpp_is_not_gd_by_degree step no 1/N
        3.3 gdpp_witness layer no 1/N
        3.4 first_gamma layer no 1/N
        3.4 gamma_witness layer no 1/N
        6.2 step_sees_the_query layer no 1/N
        6.5 right_on_one_context step no 1/N
        7.2 no_fields layer no 1/N
        9.1 decision layer no 1/N
        9.1 curvature corrected no 1/N
        9.1 witness step no 1/N
        9.3 kept layer no 1/N
        9.3 unordered layer no 1/N
        9.3 turning layer no 1/N
        9.7 left_out layer no 1/N
        10.6 two_layers layer no 1/N
    """,
    "the bounds are of R; what the memory holds is another claim": """
        10.3 rates_of_limits recursion zero 0
        10.3 rates_of_limits recursion negative 0
        10.3 rates_of_limits recursion double 0
    """,
    "hard attention gives no weight to what does not follow, whatever the projection's size": """
        10.7 chain layer double
    """,
    "c absorbs a factor; the claim before settles the y rows": """
        2.3 necessary_context layer negative
        2.3 necessary_context layer double
    """,
    "where the inputs are 0 the scores are, so whatever the layer writes is multiplied by 0": """
        3.4 nothing_left layer zero
        3.4 nothing_left layer negative
        3.4 nothing_left layer double
        3.4 nothing_left layer no 1/N
        3.4 nothing_left layer plain
    """,
    "a quotient of two values of f does not see a factor of f": """
        3.7 discrete_spectrum eigenvalue_map double
    """,
    "the claim is about queries to the prefix; that tokens are such queries is another claim": """
        3.8 first_causal_layer causal zero 0
        3.8 first_causal_layer causal negative 0
        3.8 first_causal_layer causal double 0
    """,
    "scores read keys and queries; what is written is another claim": """
        4.2 softmax_is_not_one_hot layer zero
        4.2 softmax_is_not_one_hot layer negative
        4.2 softmax_is_not_one_hot layer double
    """,
    "1/48 holds at this witness too, and is not shown to hold everywhere": """
        6.7 enclosed_error constant next
    """,
    "minors and their multiples vanish alike; that they are not all zero is the claim on cases": """
        7.2 gradient_fields conclusions zero of 0
        7.2 gradient_fields conclusions negative of 0
        7.2 gradient_fields conclusions double of 0
        7.2 gradient_fields conclusions zero of 1
        7.2 gradient_fields conclusions negative of 1
        7.2 gradient_fields conclusions double of 1
        7.2 cases minors_of negative of 0
        7.2 cases minors_of double of 0
        7.2 cases minors_of negative of 1
        7.2 cases minors_of double of 1
    """,
    "c is arbitrary, so a multiple of Bᵀ, 0 too, is of the form in question": """
        7.2 symmetric_jacobian matched zero
        7.2 symmetric_jacobian matched negative
        7.2 symmetric_jacobian matched double
    """,
    "GD++ adds −γXXᵀ to the Jacobian, which is symmetric": """
        7.2 construction layer GD++
    """,
    "a multiple of a witness is a witness, and so are most matrices": """
        7.2 cases neither negative
        7.2 cases neither double
        7.2 cases neither next
        7.2 no_fields scores negative
        7.2 no_fields scores double
        7.2 no_fields scores next
        9.2 not_linear_in_factors factor negative
        9.2 not_linear_in_factors factor double
        9.2 not_linear_in_factors factor next
        9.3 not_enough right negative
        9.6 needs_no_input a_x negative
        9.6 needs_no_input a_x next
        5.3 cancelling values negative
        5.3 cancelling values double
        5.6 not_convex function double
        5.7 witness first negative
        9.3 not_enough right double
        9.3 not_enough right next
    """,
    "it enters twice, or as a square": """
        2.8 rising slope negative
        2.9 two_causal_layers causal negative 0
        2.9 two_causal_layers causal negative 1
        7.5 exponential_kernel lift negative
        9.2 spectral crossed negative
        9.2 contracted vector negative
        4.6 variance first_two negative 0
        5.6 in_output_space jacobian negative
    """,
    "sums and signs cost nothing; that both orders give one output is the claim before": """
        4.5 counted slow zero
        4.5 counted slow negative
        4.5 counted slow double
        4.5 counted fast zero
        4.5 counted fast negative
        4.5 counted fast double
        4.5 ten_times slow zero
        4.5 ten_times slow negative
        4.5 ten_times slow double
        4.5 ten_times fast zero
        4.5 ten_times fast negative
        4.5 ten_times fast double
    """,
    "one step from rest reads the new weights only": """
        5.5 at_zero descent zero 1
        5.5 at_zero descent negative 1
        5.5 at_zero descent double 1
    """,
    "the claim needs d_x + 1 only": """
        9.2 best_curvature sizes zero 1
        9.2 best_curvature sizes negative 1
        9.2 best_curvature sizes double 1
    """,
    "a bound that is too large is one": """
        9.2 put_together raised double
    """,
    "on e ⊗ e every order of the indices is the same; the average is taken to make the eigenvalue small, of which nothing is claimed": """
        9.2 quartic pairings one twice
    """,
    "S − Sᵀ is orthogonal to every symmetric matrix": """
        9.2 first_unfolding paired zero
        9.2 first_unfolding paired negative
        9.2 first_unfolding paired double
    """,
    "what commutes with a matrix commutes with its multiples": """
        9.3 laws generators negative
        9.3 laws generators double
    """,
    "a query without targets does not read b": """
        9.6 on_plain_queries head zero 2
        9.6 on_plain_queries head negative 2
        9.6 on_plain_queries head double 2
    """,
    "the claim reads R only": """
        9.3 scalar_matrix mirror zero 1
        9.3 scalar_matrix mirror negative 1
        9.3 scalar_matrix mirror double 1
    """,
}
EXPECTED = [line.strip() for lines in UNNOTICED.values() for line in lines.strip().splitlines()]
CLAIMS = [pytest.param(found, claim, id=f"{found.number} {claim.title}") for found in in_order() for claim in found.claims if claim.parts]


def replaced(found: Statement, claim: Claim) -> dict[str, list[str]]:
    """Each wrong version of each part, with what is said of it."""
    messages = {}
    for part in claim.parts:
        for wrong in wrong_versions(claim, part):
            result = verify(alone(found, claim), seed=1, replace={part: wrong.value}, algebras=("symbolic", "exact"))
            messages[f"{found.number} {claim.program.__name__} {part} {wrong.name}"] = list(result.messages)
    return messages


def alone(found: Statement, claim: Claim) -> Statement:
    return Statement(found.number, found.title, found.kind, found.source, found.text, [claim])


@pytest.mark.parametrize(("found", "claim"), CLAIMS)
def test_a_replaced_part_is_noticed_or_the_reason_is_listed(found: Statement, claim: Claim) -> None:
    messages = replaced(found, claim)
    assert messages
    unnoticed = [version for version, said in messages.items() if not said]
    assert unnoticed == [version for version in messages if version in EXPECTED]
    for said in messages.values():
        assert all(message.startswith(f"{found.number} {found.title}, ") for message in said)
        assert not any("the program raises" in message for message in said), "rejected for another reason"


def test_every_reason_is_of_a_version_that_there_is() -> None:
    versions = [
        f"{found.number} {claim.program.__name__} {part} {wrong.name}"
        for found, claim in (parameters.values for parameters in CLAIMS)
        for part in claim.parts
        for wrong in wrong_versions(claim, part)
    ]
    assert len(set(versions)) == len(versions)
    assert sorted(EXPECTED) == sorted(set(EXPECTED) & set(versions))


def test_a_claim_that_compares_a_construction_with_itself_is_caught() -> None:
    """As 2.3 did on its context tokens, before it ended at [0; −ΔW X]."""
    from equivalence.models.attention.linear import update
    from equivalence.models.constructions.linear import gd_layer
    from equivalence.statements import claim_of

    def with_itself(algebra, d_x, d_y, N, *, layer=gd_layer):  # type: ignore[no-untyped-def]
        C = algebra.block([[algebra.generator("X", d_x, N)], [algebra.generator("Y", d_y, N)]])
        heads = layer(d_x, d_y, learning_rate=algebra.symbol("eta"), context=N, algebra=algebra)
        yield "the update", update(heads, C, C)
        yield "is the update", update(heads, C, C)

    found = Statement("0.1", "itself", "identity", "", "", [])
    messages = replaced(found, claim_of("with itself", "identity", with_itself))
    assert set(messages) == {f"0.1 with_itself layer {name}" for name in ("zero", "negative", "double", "no 1/N", "GD++")}
    assert not any(messages.values())


def test_a_default_of_an_unknown_kind_is_an_error() -> None:
    from equivalence.statements import claim_of

    def odd(*, flag: bool = True):  # type: ignore[no-untyped-def]
        yield "nothing"

    with pytest.raises(TypeError, match="no wrong version is known of True; add its kind"):
        wrong_versions(claim_of("odd", "bound", odd), "flag")


def test_results_are_counted_by_their_annotation() -> None:
    from equivalence.models.attention.causal import causal_attention
    from equivalence.models.constructions.linear import gd_layer
    from equivalence.models.descent.gdpp import gdpp_step

    assert [results_of(function) for function in (causal_attention, gd_layer, gdpp_step, lambda: 1)] == [2, 1, 2, 1]
