"""Mutants of the criteria package: what mutmut would change, one function at a time."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from mutmut.mutation.file_mutation import create_mutations


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One changed function: `source` is its whole definition, `change` what differs."""

    module: str
    function: str
    source: str
    change: str

    @property
    def key(self) -> str:
        """Return a key that stays while function and change stay."""
        text = f"{self.module}:{self.function}:{self.source}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def mutants_of(path: Path, module: str) -> Iterator[Mutant]:
    """Generate the mutants of all functions and methods of a module, in the order of the file."""
    tree, mutations, _classes, _functions = create_mutations(str(path), path.read_text())
    names = dict(_functions_of(tree))
    for mutation in mutations:
        function = mutation.contained_by_top_level_function
        if not isinstance(function, cst.FunctionDef) or function not in names:
            continue
        changed = function.deep_replace(mutation.original_node, mutation.mutated_node)
        before, after = _code(function), _code(changed)
        if before != after:
            yield Mutant(
                module=module, function=names[function], source=after, change=_change(before, after)
            )


def _functions_of(tree: cst.Module) -> Iterator[tuple[cst.FunctionDef, str]]:
    for statement in tree.body:
        if isinstance(statement, cst.FunctionDef):
            yield statement, statement.name.value
        elif isinstance(statement, cst.ClassDef):
            for inner in statement.body.body:
                if isinstance(inner, cst.FunctionDef):
                    yield inner, f"{statement.name.value}.{inner.name.value}"


def _code(function: cst.CSTNode) -> str:
    plain = function.with_changes(leading_lines=())
    return cst.Module(body=[plain]).code


def _change(before: str, after: str) -> str:
    """Write the lines that differ: `old` becomes `new`."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    parts: dict[str, list[str]] = {"- ": [], "+ ": []}
    for line in lines:
        if line[:2] in parts:
            parts[line[:2]].append(line[2:].strip())
    return f"{' '.join(parts['- '])} → {' '.join(parts['+ ']) or '(left out)'}"
