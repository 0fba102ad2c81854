"""The shipped head is gradient descent with the best rate, by a computation that is this file's own and by `recognise`; training works."""

from fractions import Fraction
from pathlib import Path

import jax
import numpy as np
import pytest

from equivalence.loading.layers import load_layers
from equivalence.models.heads import Head, Layer
from equivalence.recognition import recognise
from examples.train_linear_head import CONTEXT, D_X, WEIGHTS, main, save, train
from tests.support.means import DEVIATIONS, assert_mean, standard_error

BEST_RATE, LEAST_RISK = Fraction(200, 33), Fraction(245, 1188)


@pytest.fixture(scope="module")
def shipped():
    return loaded(WEIGHTS)


@pytest.fixture(scope="module")
def tasks():
    """20,000 tasks of the training law, drawn by NumPy: X, Y, q and the target."""
    rng = np.random.default_rng(2022)
    X, q = rng.uniform(-0.5, 0.5, (20_000, D_X, CONTEXT)), rng.uniform(-0.5, 0.5, (20_000, D_X, 1))
    w = rng.standard_normal((20_000, 1, D_X))
    return X, w @ X, q, w @ q


def loaded(path):
    (layer,) = load_layers(path, convention="rows")
    return layer.heads[0]


def predicted(head, tasks, initial):
    """By the formula for one linear head: minus the y row of ``e + A C Cᵀ B e``, e = [q; −W₀q]. Batch x 1 x 1."""
    X, Y, q, _ = tasks
    C = np.concatenate([X, Y], axis=1)
    asked = np.concatenate([q, -initial @ q], axis=1)
    after = head.projection @ (head.value @ (C @ (C.transpose(0, 2, 1) @ (head.key.T @ (head.query @ asked)))))
    return -(asked + after)[:, D_X:]


def losses(head, tasks):
    """½ error² of each task, for the query [q; 0]."""
    return ((predicted(head, tasks, np.zeros((1, D_X))) - tasks[3]) ** 2)[:, 0, 0] / 2


def tensor(a, B):
    """That of 2.4 written out, for one row a of A and the x columns of B; entry (p, r, j) of token rows."""
    pairs = np.multiply.outer(a, B)
    return (pairs + pairs.transpose(1, 0, 2)) / 2


STEP = tensor(-np.eye(D_X + 1)[D_X], np.eye(D_X + 1, D_X))


def tensor_of(head):
    return tensor(head.projection[D_X] @ head.value, head.key.T @ head.query[:, :D_X])


def fitted(head):
    """The learning rate of the nearest step from W₀ = 0, and the relative distance to it."""
    found = tensor_of(head)
    step_size = (found * STEP).sum() / (STEP**2).sum()
    return CONTEXT * step_size, np.linalg.norm(found - step_size * STEP) / np.linalg.norm(found)


def rounding(head):
    """How far two computations of `fitted` can be apart: each rounds a term less than 2000 times, with sums over 11²·10 entries in two
    products of 11. The terms' sizes come from absolute weights."""
    gamma = 2000 * 2.0**-53 / (1 - 2000 * 2.0**-53)
    sizes, found = tensor_of(Head(*map(np.abs, head))), np.linalg.norm(tensor_of(head))
    step_size = (sizes * np.abs(STEP)).sum() / (STEP**2).sum()
    gap = np.linalg.norm(sizes) + step_size * np.linalg.norm(STEP)
    return 2 * gamma * CONTEXT * step_size, 2 * gamma * (gap / found + np.linalg.norm(sizes) * gap / found**2)


def test_the_shipped_head_is_a_step_at_the_best_rate(shipped):
    rate, distance = fitted(shipped)
    assert abs(rate / BEST_RATE - 1) < 0.05
    assert distance < 0.1


@pytest.mark.parametrize("initial", ["unknown", np.zeros((1, D_X))], ids=["estimated", "zero"])
def test_recognise_agrees(shipped, initial):
    found = recognise(Layer((shipped,)), d_x=D_X, d_y=1, context=CONTEXT, initial=initial)
    rate, distance = fitted(shipped)
    assert found.family == "gradient descent"
    assert abs(found.learning_rate / BEST_RATE - 1) < 0.05
    if isinstance(initial, str):
        assert found.relative_distance < distance  # the nearest W₀ does better than 0
        assert np.abs(found.initial).max() < 0.01
    else:
        for mine, its, apart in zip((rate, distance), (found.learning_rate, found.relative_distance), rounding(shipped), strict=True):
            assert abs(mine - its) <= apart < 1e-8


def test_the_certified_bound_holds_on_the_tasks_and_excludes_another_rate(shipped, tasks):
    found = recognise(Layer((shipped,)), d_x=D_X, d_y=1, context=CONTEXT)
    X, Y, q, _ = tasks
    initial = found.initial

    def worst(rate):
        """The largest gap to the step, in units of the bound for the instance."""
        steps = (initial + rate / CONTEXT * (Y - initial @ X) @ X.transpose(0, 2, 1)) @ q
        gaps = np.abs(predicted(shipped, tasks, initial) - steps)[:, 0, 0]
        tokens, queries = np.linalg.norm(np.concatenate([X, Y], axis=1), axis=(1, 2)), np.linalg.norm(q, axis=(1, 2))
        bounds = [found.error_bound(*norms) for norms in zip(tokens.tolist(), queries.tolist(), strict=True)]
        return (gaps / bounds).max()

    assert worst(found.learning_rate) <= 1
    assert worst(1.1 * found.learning_rate) > 1


def test_the_shipped_head_loses_no_more_than_the_best_step(shipped, tasks):
    assert_mean(losses(shipped, tasks), LEAST_RISK)


CHANGES = {
    "a key entry": lambda head: head._replace(key=head.key + np.eye(1, 11, 3) * np.eye(11, 1)),
    "the sign of the values": lambda head: head._replace(value=-head.value),
    "key and value swapped": lambda head: head._replace(key=head.value, value=head.key),
    "a step twice as long": lambda head: head._replace(projection=2 * head.projection),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_head_is_not_taken_for_it(shipped, tasks, change):
    rate, distance = fitted(change(shipped))
    assert abs(rate / BEST_RATE - 1) > 0.05 or distance > 0.1
    more = losses(change(shipped), tasks) - losses(shipped, tasks)
    assert more.mean() > DEVIATIONS * standard_error(more)


@pytest.fixture
def jax_as_it_comes():
    """What the script runs under: single precision, and the promotions that optax counts on."""
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
        yield


@pytest.mark.usefixtures("jax_as_it_comes")
def test_a_short_training_lowers_the_loss_and_can_be_repeated(tmp_path, tasks, capsys):
    path = tmp_path / "head.npz"
    main(["--steps", "30", "--seed", "5", "--output", str(path)])
    said = capsys.readouterr().out
    assert "the least risk of one gradient step is 0.2062" in said
    assert said.count("step ") == 30 + 1
    head = loaded(path)
    less = (tasks[3] ** 2)[:, 0, 0] / 2 - losses(head, tasks)  # than for predicting 0, nearly what the small weights do at first
    assert less.mean() > DEVIATIONS * standard_error(less)
    reported = []
    again = train(steps=30, seed=5, report=lambda done, before: reported.append((done, before)))
    assert [done for done, _ in reported] == list(range(1, 31))
    assert reported[0][1] > reported[-1][1]
    for before, after in zip(head, again, strict=True):
        assert np.array_equal(before, np.asarray(after, dtype=float))


def test_the_file_is_small_and_the_same_head_gives_the_same_bytes(shipped, tmp_path):

    paths = [tmp_path / name for name in ("one.npz", "two.npz")]
    for path in paths:
        save(Head(*(np.asarray(weight, np.float32) for weight in shipped)), path)
    assert paths[0].read_bytes() == paths[1].read_bytes() == Path(WEIGHTS).read_bytes()
    assert Path(WEIGHTS).stat().st_size < 4096


def test_no_steps_are_refused():
    with pytest.raises(ValueError, match="steps: expected a whole number, at least 1, got 0"):
        train(steps=0, seed=0, report=print)
