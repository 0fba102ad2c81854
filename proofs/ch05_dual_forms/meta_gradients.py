"""Statement 5.3: of what function a meta-gradient is a gradient."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import sympy

from equivalence.algebras.protocol import Algebra, HasValues, Matrix, Scalar
from equivalence.algebras.sizes import Part
from equivalence.models.attention.features import feature_attention
from equivalence.models.descent.least_squares import weight_change
from equivalence.statements import Differ, Informal, InIdeal, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import Attention, Rows, inner

Change = Callable[[Matrix, Matrix, Matrix, Scalar], Matrix]


def linear_loss(algebra: Algebra, W: Matrix, K: Matrix, V: Matrix) -> Scalar:
    """``−Σ_i v_iᵀWk_i``."""
    return -inner(algebra, V, W @ K)


@statement(
    "5.3",
    "Of what function the meta-gradient is a gradient",
    claim="of a linear one, always",
    source="this project; the write-up asks it",
)
def meta_gradients(algebra: Algebra, d_k: Part, d_v: Part, N: Part, *, loss: Callable[..., Scalar] = linear_loss) -> Items:
    """Any update ``VKᵀ = Σ v_i k_iᵀ`` is minus the gradient, at every W, of the linear function ``−Σ v_iᵀWk_i``: its Hessian is 0, and it
    is unbounded below unless the sum is 0. It is also, at every W, a squared-loss step of any s ≠ 0 for the invented targets
    ``y_i = Wk_i + v_i/s``. So being a gradient step says nothing by itself.

    For *given* targets Y it is the step of rate sN iff ``(V − s(Y − WK))Kᵀ = 0``. That this forces ``V = s(Y − WK)``, token by token, for
    every such V, holds iff the k_i are linearly independent. All sizes.
    """
    W, H, t = algebra.generator("W", d_v, d_k), algebra.generator("H", d_v, d_k), algebra.symbol("t")
    K, V = algebra.generator("K", d_k, N), algebra.generator("V", d_v, N)
    update = V @ K.T
    yield "at every W"
    yield "the change of −Σ v_iᵀWk_i when H is added", loss(algebra, W + H, K, V) - loss(algebra, W, K, V)
    yield "is −⟨VKᵀ, H⟩, with nothing of second order", -inner(algebra, update, H)
    yield "along the update itself"
    yield "its value at W + tVKᵀ", loss(algebra, W + t * update, K, V)
    yield "falls without bound, unless VKᵀ is 0", loss(algebra, W, K, V) - t * inner(algebra, update, update)


@meta_gradients.claim("and a squared-loss step, for targets invented to make it one")
def invented_targets(
    algebra: Algebra, d_k: Part, d_v: Part, N: Part, M: Part, *, change: Change = weight_change, attention: Attention = feature_attention
) -> Items:
    W, s, Q = algebra.generator("W", d_v, d_k), algebra.symbol("s"), algebra.generator("Q", d_k, M)
    K, V = algebra.generator("K", d_k, N), algebra.generator("V", d_v, N)
    targets = W @ K + (algebra.scalar(1) / s) * V
    yield "what linear attention adds", attention(K, V, Q)
    yield "is ΔW Q of the rate sN, at any W, with the targets Wk_i + v_i/s", change(W, K, targets, s * algebra.scalar(N)) @ Q


@meta_gradients.claim("for given targets: it is the step iff (V − s(Y − WK))Kᵀ = 0")
def given_targets(algebra: Algebra, d_k: Part, d_v: Part, N: Part, *, change: Change = weight_change) -> Items:
    W, s = algebra.generator("W", d_v, d_k), algebra.symbol("s")
    K, V, Y = algebra.generator("K", d_k, N), algebra.generator("V", d_v, N), algebra.generator("Y", d_v, N)
    yield "VKᵀ less the step", V @ K.T - change(W, K, Y, s * algebra.scalar(N))
    yield "is this matrix, with s(Y − WK) the scaled residuals", (V - s * (Y - W @ K)) @ K.T


@meta_gradients.claim("token by token iff the keys are independent: ZKᵀ has the combinations of keys for rows")
def token_by_token(algebra: Algebra, d_k: Part, d_v: Part, N: Part, n: Part) -> Items:
    K, Z, e = algebra.generator("K", d_k, N), algebra.generator("Z", d_v, N), algebra.generator("e", d_v, 1)
    row = Z.T @ e
    yield "if they are independent, with Z = V − s(Y − WK)"
    yield "a row of ZKᵀ, or any combination e of rows", (Z @ K.T).T @ e
    yield "is a combination of the keys, with the entries of that row of Z", K @ row
    yield Informal("so where ZKᵀ = 0 and the keys are independent, each row of Z is 0, which is what independent means")
    c, u = algebra.generator("c", N, n), algebra.generator("u", d_v, n)
    V = algebra.block([[algebra.generator("V", d_v, N), algebra.generator("V'", d_v, n)]])
    keys, other = algebra.block([[K, K @ c]]), V + u @ algebra.block([[c.T, -algebra.eye(n)]])
    yield "if some are combinations Kc of the others, put last"
    yield "values V + u[cᵀ, −1], with any u", other @ keys.T
    yield "update as V does, though u ≠ 0 makes other values of them", V @ keys.T


@meta_gradients.claim("decided at N = 2 and d_k = 2, 3: where ZKᵀ = 0, Z is 0 or all 2 x 2 minors of K are", kind="characterisation")
def decided(*, minor: Callable[[sympy.Matrix], sympy.Expr] = sympy.Matrix.det) -> Items:
    yield "the minor of two unit keys"
    yield "is not 0", minor(sympy.eye(2))
    yield "but 1", sympy.Integer(1)
    for size in (2, 3):
        K = sympy.Matrix(size, 2, sympy.symbols(f"k_1:{size + 1}(1:3)"))
        z = sympy.Matrix([sympy.symbols("z_1:3")])
        minors = [minor(K[list(rows), :]) for rows in combinations(range(size), 2)]
        members = tuple(entry * determinant for entry in z for determinant in minors)
        yield f"two keys, d_k = {size}"
        yield InIdeal("each z_i times each minor, where the entries of ZKᵀ are 0", members, tuple(z * K.T), (*z, *K))


@meta_gradients.claim("a witness: keys 1 and 1, values 1 and −1, targets 0, W = 0", kind="refutation")
def cancelling(algebra: HasValues, *, values: Rows = ((1, -1),)) -> Items:
    K, V, none = algebra.value([[1, 1]]), algebra.value(values), algebra.zeros(1, 1)
    Y = algebra.zeros(1, 2)
    yield "the update"
    yield "VKᵀ", V @ K.T
    yield "is the step, which is 0: the targets are met", weight_change(none, K, Y, algebra.scalar(2))
    yield Differ("but the values are not the residuals", V, Y - none @ K)
