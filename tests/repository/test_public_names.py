"""What `from equivalence import …` offers: pinned, so that a name is never lost or gained by accident."""

import importlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import equivalence

PUBLIC = {
    "algebras": ["Ball", "FiniteField", "Numeric", "Rational", "Size", "Symbolic", "exact"],
    "models.heads": ["Head", "Layer"],
    "models.attention": [
        "MesaState",
        "causal_attention",
        "common_map",
        "efficient_attention",
        "fast_weights",
        "feature_attention",
        "linear_attention",
        "mesa_attention",
        "mesa_step",
        "momentum_attention",
        "normalised_attention",
        "softmax_update",
        "stack",
    ],
    "models.tokens": ["prediction", "query_tokens", "separate_tokens", "tokens", "with_constant", "with_sink"],
    "models.constructions": [
        "chaining_layer",
        "gd_layer",
        "gdpp_layer",
        "padded",
        "pairing_layer",
        "preconditioned_layer",
        "softmax_pair",
        "softmax_pair_with_sink",
    ],
    "models.descent": [
        "Momentum",
        "Preconditioned",
        "centred_gradient",
        "centred_step",
        "data_step",
        "gdpp_features",
        "gdpp_step",
        "gradient",
        "gradient_step",
        "loss",
        "momentum_step",
        "newton_inverse_step",
        "preconditioned_step",
        "ridge_gradient",
        "ridge_loss",
        "ridge_regression",
        "ridge_step",
        "trajectory",
        "weight_change",
    ],
    "falsification": ["Falsification", "falsify"],
    "loading": ["load_layers"],
    "recognition": ["Recognition", "recognise"],
    "recognition.sameness": ["Sameness", "same_function"],
    "recognition.stacks": ["StackRecognition", "recognise_stack"],
    "statements": [
        "Assertion",
        "Check",
        "Differ",
        "Encloses",
        "InIdeal",
        "Inconsistent",
        "Informal",
        "Less",
        "Positive",
        "Result",
        "Statement",
        "Verdict",
        "find",
        "in_order",
        "simulation",
        "statement",
        "verify",
    ],
}
NAMES = sorted(name for names in PUBLIC.values() for name in names)


def test_all_is_exactly_the_public_names():
    assert equivalence.__all__ == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_documented_in_words(name):
    text = inspect.getdoc(getattr(equivalence, name))
    assert text
    assert not text.startswith(f"{name}(")  # what dataclasses and named tuples write for themselves
    assert len(text.split()) >= 3


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in PUBLIC.items() for name in names])
def test_the_package_only_re_exports(module, name):
    home = __import__(f"equivalence.{module}", fromlist=[name])
    assert getattr(equivalence, name) is getattr(home, name)


@pytest.mark.parametrize(
    ("package", "absent"),
    [("equivalence", {"matplotlib"}), ("proofs", {"matplotlib"}), ("equivalence.plots", {"matplotlib.pyplot"})],
)
def test_importing_loads_no_plotting_and_plots_load_no_global_state(package, absent):
    program = f"import json, sys, numpy; import {package}; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout))
    assert {package, "numpy"} <= loaded
    assert not absent & loaded


GUIDE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
MODULES = re.findall(r"`(equivalence\.[a-z]+)`", GUIDE.split("## What is public")[1].split("\n## ")[0])


def test_the_guide_names_the_public_modules():
    assert set(MODULES) >= {f"equivalence.{room}" for room in ("alignment", "plots", "strategies", "tasks", "testing")}


@pytest.mark.parametrize("module", MODULES)
def test_a_public_module_has_the_names_it_lists(module):
    home = importlib.import_module(module)
    assert home.__all__
    assert all(hasattr(home, name) for name in home.__all__)
