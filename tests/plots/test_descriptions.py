"""What a figure says in words to those who do not see it."""

import numpy as np

from equivalence import gd_layer
from equivalence.plots import gdpp_spectrum, target_paths, weight_maps
from equivalence.plots.figures import Described


def test_a_figure_says_what_its_axes_and_legends_say():
    figure = gdpp_spectrum([0.05, 0.25], largest=3.0)
    assert figure.description == (
        "GD++ moves the spectrum; across: eigenvalue λ of XᵀX; up: after one layer, λ(1 − γλ)²; shown are unchanged, γ = 0.05, γ = 0.25."
    )


def test_of_several_axes_each_is_named_and_the_legend_of_the_figure_last():
    maps = weight_maps(gd_layer(2, 1, learning_rate=1, context=3), d_x=2, d_y=1, gauge=1.0)
    assert maps.description.startswith("W_K")
    assert "B = W_Kᵀ W_Q" in maps.description
    assert paths().description.endswith("shown are path, start, what W₀ predicts, W₀X.")


def test_empty_axes_say_nothing():
    figure = Described()
    figure.add_subplot()
    figure.add_subplot(title="two\nlines")
    assert figure.description == "two lines."


def test_a_notebook_gets_the_image_with_its_text():
    figure = gdpp_spectrum([0.05], largest=3.0)
    data, metadata = figure._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata == {"image/png": {"alt": figure.description}}


def paths():
    starts = np.array([[1.7, -1.5, -1.6], [-1.0, 1.5, -0.5]])
    return target_paths(np.array([[1.0, 0.5]]), np.array([[0.5]]), starts, learning_rate=0.5, steps=2)


def test_level_lines_carry_their_heights():
    """Every third, within the heights that are drawn; the labels are those of lines."""
    (axes,) = paths().axes
    (lines,) = [each for each in axes.collections if hasattr(each, "levels")]
    labels = {text.get_text() for text in axes.texts}
    assert labels
    assert labels <= {f"{level:.3g}" for level in lines.levels[::3]}
