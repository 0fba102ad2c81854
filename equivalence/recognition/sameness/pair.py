"""Two layers on tokens of one order, and the layer of both that is their difference."""

from __future__ import annotations

from typing import NamedTuple

from equivalence.algebras.detect import algebra_of
from equivalence.models.attention.linear import update
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import tokens, with_constant
from equivalence.recognition.field import Matrix
from equivalence.recognition.layer import Arranged, ExactLayer, FloatingLayer, read
from equivalence.recognition.sameness.result import Compared
from equivalence.recognition.setting import Keys, Setting


class Query(NamedTuple):
    """A context and a query token in the order of the layers: ``[x; y]`` columns, and the query's two parts.

    Attributes:
        context_x, context_y: d_x x N and d_y x N.
        query_x, query_y: d_x x 1 and d_y x 1, as minus is read.
    """

    context_x: Matrix
    context_y: Matrix
    query_x: Matrix
    query_y: Matrix


class Pair(NamedTuple):
    """Two layers, both exact or both of floats, on tokens ``[x; y]``, or ``[x; 1; y]``.

    Attributes:
        first, second: the layers.
        apart: the heads of the first, and those of the second with −P: its tensor is T − T'.
        start: W₀ of query tokens [q; −W₀q]; None where any query token is meant.
        compared: what is.
        setting: which tokens are keys, whether there is a constant, and the first one's read-out.
    """

    first: ExactLayer | FloatingLayer
    second: ExactLayer | FloatingLayer
    apart: ExactLayer | FloatingLayer
    start: Matrix | None
    compared: Compared
    setting: Setting

    def keys_of(self, asked: Query) -> Matrix:
        """The tokens that are keys: the context, and perhaps the query token as it stands among them."""
        context = self._tokens(asked.context_x, asked.context_y)
        if self.setting.keys is not Keys.all:
            return context
        return algebra_of(context).block([[context, self._tokens(asked.query_x, self.setting.own_sign * asked.query_y)]])

    def query_of(self, asked: Query) -> Matrix:
        """The query token."""
        return self._tokens(asked.query_x, asked.query_y)

    def ran(self, layer: Layer, asked: Query) -> Matrix:
        """What a layer makes of the query token: minus its y-part, or its rows x and y."""
        token = self.query_of(asked)
        after, d_x = token + update(layer, self.keys_of(asked), token), asked.context_x.shape[0]
        rest = after[d_x + self.setting.constant :, :]
        return -rest if self.compared is Compared.prediction else algebra_of(rest).block([[after[:d_x, :]], [rest]])

    def _tokens(self, inputs: Matrix, targets: Matrix) -> Matrix:
        return tokens(with_constant(inputs) if self.setting.constant else inputs, targets)


def paired(first: Arranged, second: Arranged, start: Matrix | None, compared: Compared, setting: Setting) -> Pair:
    """The pair, both with a constant if one has it."""
    constant = first.whole is not None or second.whole is not None
    layers = [_layer(read, constant) for read in (first, second)]
    d_x, d_y = first.core.d_x + constant, first.core.d_y
    negated = tuple(head._replace(projection=-head.projection) for head in layers[1].heads)
    both = Layer((*layers[0].heads, *negated))
    own, other, apart = (read(layer, d_x, d_y) for layer in (*layers, both))
    return Pair(own, other, apart, start, compared, setting._replace(constant=constant))


def _layer(read_as: Arranged, constant: bool) -> Layer:
    """Of SymPy matrices or of arrays."""
    source = read_as.whole if read_as.whole is not None else read_as.core
    layer = source.matrices if isinstance(source, ExactLayer) else Layer(source.heads)
    if not constant or read_as.whole is not None:
        return layer
    return Layer(tuple(_with_idle_input(head, source.d_x) for head in layer.heads))


def _with_idle_input(head: Head, d_x: int) -> Head:
    """One more input, which the head does not read or write."""

    def wider(weight: Matrix) -> Matrix:
        algebra = algebra_of(weight)
        return algebra.block([[weight[:, :d_x], algebra.zeros(weight.shape[0], 1), weight[:, d_x:]]])

    return Head(wider(head.key), wider(head.query), wider(head.value), wider(head.projection.T).T)
