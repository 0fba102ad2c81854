"""How libraries lay out attention: which entry holds what, along which axes. It is data; `equivalence.loading.axes` says how to read it.

An ending such as ``q_proj|wq/weight`` is what an entry's name ends with, in small letters, ``|`` between spellings; ``?`` marks a last
piece that may be missing. What stands before is the layer. Axes are those of the array as that library writes it; where a layout leaves
the convention open they are those of "columns", and "rows" has them in the other order. Layouts of one title are forms of one library's,
and come in the order in which they are tried.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from equivalence.loading.axes import Part, part_of

CONVENTIONS = ("rows", "columns")
FUSED = ("parts", "heads")

SOFTMAX = "softmax"
CAUSAL = "the causal mask"
ROTARY = "rotary positions, if the model has them"
RELATIVE = "relative positions"


@dataclass(frozen=True)
class Layout:
    """How one library writes the weights of a layer.

    Attributes:
        title: whose they are.
        weights: ending of a name to what stands there.
        convention: "rows" or "columns", or None where the names do not tell.
        fused: how query, key and value lie in one weight: "parts", "heads", None where the names do not tell, "" where each has its own.
        divides: whether that library divides scores by √d_k; None where the names do not tell.
        omits: what that library's layer does that no layer here does.
        biases: of biases whose names do not say of which weight they are.
        tokens: entries that are a key and a value of their own, beside those of the tokens.
    """

    title: str
    weights: dict[str, str]
    convention: str | None = None
    fused: str | None = ""
    divides: bool | None = None
    omits: tuple[str, ...] = ()
    biases: dict[str, str] = field(default_factory=dict)
    tokens: tuple[str, ...] = ()

    @cached_property
    def endings(self) -> dict[str, tuple[tuple[str, ...], ...]]:
        """Of each ending its pieces, of each piece its spellings, "" where it may be missing."""
        return {ending: tuple(_spellings(piece) for piece in ending.split("/")) for ending in (*self.weights, *self.biases)}

    def parts(self, convention: str, fused: str) -> dict[str, Part]:
        """What stands where, in that convention and order."""
        order = "part head" if fused == "parts" else "head part"
        parts = {ending: part_of(text.replace("fused", order)) for ending, text in self.weights.items()}
        is_turned = self.convention is None and convention == "rows"
        return {ending: part.reversed if is_turned else part for ending, part in parts.items()}


def _spellings(piece: str) -> tuple[str, ...]:
    spellings = tuple(piece.removesuffix("?").split("|"))
    return (*spellings, "") if piece.endswith("?") else spellings


KEY = "key|k_proj|w_k|wk|to_k|key_proj|k_lin|k"
QUERY = "query|q_proj|w_q|wq|to_q|query_proj|q_lin|q"
VALUE = "value|v_proj|w_v|wv|to_v|value_proj|v_lin|v"
PROJECTION = "projection|linear|out_proj|o_proj|output_proj|proj|out|w_o|wo|to_out|out_lin|dense|c_proj|p|o"
WEIGHT = "w|kernel|weight?"

TORCH = "nn.MultiheadAttention of PyTorch"
FLAX = "Flax"
PLAIN = "weights by their plain names"
MERGED = "P and Q, merged weights"
IN_ONE = "query, key and value in one weight"

LENS = {"w_q": "query: head d k", "w_k|_w_k": "key: group d k", "w_v|_w_v": "value: group d v", "w_o": "projection: head v out"}

LAYOUTS = (
    Layout(
        TORCH,
        {"in_proj_weight": "query key value: (part head k) d", "out_proj/weight": "projection: out (head k)"},
        convention="columns",
        fused="parts",
        divides=True,
        omits=(SOFTMAX,),
        tokens=("bias_k", "bias_v"),
    ),
    Layout(
        TORCH,
        {
            "q_proj_weight": "query: (head k) d",
            "k_proj_weight": "key: (head k) d",
            "v_proj_weight": "value: (head k) d",
            "out_proj/weight": "projection: out (head k)",
        },
        convention="columns",
        divides=True,
        omits=(SOFTMAX,),
        biases={"in_proj_bias": "query key value: (part head k)"},
        tokens=("bias_k", "bias_v"),
    ),
    Layout(
        "GPT-2 of transformers (rows) or nanoGPT (columns)",
        {"c_attn/weight": "query key value: (part head k) d", "c_proj/weight": "projection: out (head k)"},
        fused="parts",
        divides=True,
        omits=(SOFTMAX, CAUSAL),
    ),
    Layout(
        "BERT, ViT",
        {
            "self|attention/query/weight": "query: (head k) d",
            "self|attention/key/weight": "key: (head k) d",
            "self|attention/value/weight": "value: (head v) d",
            "output/dense/weight": "projection: out (head v)",
        },
        convention="columns",
        divides=True,
        omits=(SOFTMAX,),
    ),
    Layout(
        "T5",
        {
            "selfattention/q/weight": "query: (head k) d",
            "selfattention/k/weight": "key: (head k) d",
            "selfattention/v/weight": "value: (head v) d",
            "selfattention/o/weight": "projection: out (head v)",
        },
        convention="columns",
        divides=False,
        omits=(SOFTMAX, RELATIVE),
    ),
    Layout(
        "Llama, Qwen and their kind",
        {
            "q_proj|wq|q_lin/weight": "query: (head k) d",
            "k_proj|wk|k_lin/weight": "key: (group k) d",
            "v_proj|wv|v_lin/weight": "value: (group v) d",
            "o_proj|out_proj|wo|out_lin/weight": "projection: out (head v)",
        },
        convention="columns",
        divides=True,
        omits=(SOFTMAX, CAUSAL, ROTARY),
    ),
    Layout(
        IN_ONE,
        {
            "query_key_value|qkv|qkv_proj|wqkv/weight": "query key value: (fused k) d",
            "dense|proj|out_proj|o_proj/weight": "projection: out (head k)",
        },
        convention="columns",
        fused=None,
        divides=True,
        omits=(SOFTMAX, ROTARY),
    ),
    Layout(
        "TransformerLens",
        {f"attn/{ending}": text for ending, text in LENS.items()},
        convention="rows",
        divides=True,
        omits=(SOFTMAX, CAUSAL),
    ),
    Layout(
        "equinox",
        {
            "query_proj/weight": "query: (head k) d",
            "key_proj/weight": "key: (head k) d",
            "value_proj/weight": "value: (head v) d",
            "output_proj/weight": "projection: out (head v)",
        },
        convention="columns",
        divides=True,
        omits=(SOFTMAX,),
    ),
    Layout(
        FLAX,
        {
            "query/kernel": "query: d head k",
            "key/kernel": "key: d group k",
            "value/kernel": "value: d group v",
            "out/kernel": "projection: head v out",
        },
        convention="rows",
        divides=True,
        omits=(SOFTMAX,),
    ),
    Layout(
        FLAX,
        {
            "query|q_proj/kernel": "query: d (head k)",
            "key|k_proj/kernel": "key: d (group k)",
            "value|v_proj/kernel": "value: d (group v)",
            "out|out_proj|o_proj/kernel": "projection: (head v) out",
        },
        convention="rows",
    ),
    Layout(
        "Haiku",
        {
            "query/w": "query: d (head k)",
            "key/w": "key: d (head k)",
            "value/w": "value: d (head v)",
            "linear/w": "projection: (head v) out",
        },
        convention="rows",
    ),
    Layout(
        PLAIN,
        {
            f"{QUERY}/{WEIGHT}": "query: (head k) d",
            f"{KEY}/{WEIGHT}": "key: (group k) d",
            f"{VALUE}/{WEIGHT}": "value: (group v) d",
            f"{PROJECTION}/{WEIGHT}": "projection: out (head v)",
        },
    ),
    Layout(PLAIN, LENS, convention="rows"),
    Layout(
        PLAIN,
        {"in_proj/w|kernel|weight?": "query key value: (part head k) d", f"{PROJECTION}/{WEIGHT}": "projection: out (head k)"},
        fused="parts",
    ),
    Layout(MERGED, {"p|w_pv|pv/weight?": "output_value: out c", "q|w_kq|kq/weight?": "key_query: c d"}),
)
