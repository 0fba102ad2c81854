"""``python -m tests.support.any_count``: how often the packages say Any, directly or by an alias; more than the ceiling fails.

What is counted is each use of a name, not its import: of ``typing.Any``, and of an alias, a name bound to an expression that says Any,
``Array = Any``, in every module that imports it. An annotation in quotes counts as what it says.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

CEILING = 100
"""Lower it whenever the count falls; never raise it."""
ROOT = Path(__file__).parents[2]
PACKAGES = ("equivalence", "proofs")


def counted(root: Path, packages: tuple[str, ...] = PACKAGES) -> Counter[str]:
    """Uses of Any, by file."""
    files = sorted(path for package in packages for path in (root / package).rglob("*.py"))
    trees = {file.relative_to(root): ast.parse(file.read_text(encoding="utf-8")) for file in files}
    aliases: set[tuple[str, str]] = {("typing", "Any")}
    while new := {found for path, tree in trees.items() for found in _aliases(_module(path), tree, aliases)} - aliases:
        aliases |= new
    return Counter({str(path): len(list(_uses(tree, _names(_module(path), tree, aliases)))) for path, tree in trees.items()})


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _names(module: str, tree: ast.Module, aliases: set[tuple[str, str]]) -> set[str]:
    """What Any is called in a module."""
    imported = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if (node.module or "", name.name) in aliases
    }
    return imported | {name for home, name in aliases if home == module}


def _aliases(module: str, tree: ast.Module, aliases: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The names that a module binds to an expression that says Any."""
    names = _names(module, tree, aliases)
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                if _is_type(value) and any(_uses(value, names)):
                    yield module, name


def _is_type(value: ast.expr) -> bool:
    """Whether an expression can be a type: no call, no literal."""
    return isinstance(value, ast.Name | ast.Attribute | ast.Subscript | ast.BinOp)


def _uses(tree: ast.AST, names: set[str]) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name in names:
                yield node
            case ast.Attribute(value=ast.Name(id="typing"), attr="Any"):
                yield node
            case ast.arg(annotation=ast.Constant(value=str(text))) | ast.AnnAssign(annotation=ast.Constant(value=str(text))):
                yield from _uses(ast.parse(text, mode="eval"), names)
            case ast.FunctionDef(returns=ast.Constant(value=str(text))):
                yield from _uses(ast.parse(text, mode="eval"), names)


def main(root: Path = ROOT, ceiling: int = CEILING) -> int:
    """Print the count; the exit status is 1 if it is above the ceiling."""
    counts = counted(root)
    if "--files" in sys.argv[1:]:
        for path, count in counts.most_common():
            print(f"{count:5} {path}")
    print(f"Any is said {counts.total()} times; the ceiling is {ceiling}")
    if counts.total() > ceiling:
        print("error: too often: name what is meant, or object for what is only checked", file=sys.stderr)
    return int(counts.total() > ceiling)


if __name__ == "__main__":
    sys.exit(main())
