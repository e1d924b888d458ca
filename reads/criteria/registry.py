"""Registry of criteria: those of this package and those of third parties.

The modules of the package are found by looking at the package itself, third parties through the
entry-point group `icro.criteria`; an entry point names a `Criterion` or a tuple of them.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from threading import RLock

import reads.criteria
from reads.criteria.base import CriteriaError, Criterion
from reads.criteria.trace import Rule

ENTRY_POINT_GROUP = "icro.criteria"
NOT_CRITERIA = frozenset({"__main__", "statistics"})

_registered: dict[str, Criterion] = {}
_lock = RLock()


def register(criterion: Criterion) -> None:
    """Add a criterion.

    Raises CriteriaError when another criterion has the key, or two rules share one key.
    """
    with _lock:
        known = _registered.get(criterion.key)
        if known is not None and known is not criterion:
            raise CriteriaError("criterion", f"{criterion.key} is registered already")
        keys = [rule.key for rule in criterion.rules]
        if len(keys) != len(set(keys)):
            raise CriteriaError("criterion", f"{criterion.key} has two rules with one key")
        _registered[criterion.key] = criterion
        rule_named.cache_clear()


def get(key: str) -> Criterion:
    """Return the criterion with this key, for example `RECIST11`.

    Raises CriteriaError naming `criterion` when there is none.
    """
    _load()
    if not isinstance(key, str) or key not in _registered:
        raise CriteriaError("criterion", f"{key!r} is not registered")
    return _registered[key]


def all_criteria() -> tuple[Criterion, ...]:
    """Return every registered criterion in the order of its key."""
    _load()
    return tuple(_registered[key] for key in sorted(_registered))


@cache
def rule_named(key: str) -> Rule:
    """Return a rule by its key, to recompute a stored trace.

    Raises CriteriaError naming `trace.rule` when there is none.
    """
    for criterion in all_criteria():
        for rule in criterion.rules:
            if rule.key == key:
                return rule
    raise CriteriaError("trace.rule", f"{key} is not a rule of a registered criterion")


@cache
def _load() -> None:
    """Find and register every criterion, once."""
    with _lock:
        for module in pkgutil.iter_modules(reads.criteria.__path__):
            if module.name not in NOT_CRITERIA:
                found = import_module(f"reads.criteria.{module.name}")
                _register_all(getattr(found, "CRITERIA", ()))
        for entry_point in entry_points(group=ENTRY_POINT_GROUP):
            _register_all(entry_point.load())


def _register_all(found: object) -> None:
    if isinstance(found, Criterion):
        register(found)
    elif isinstance(found, (tuple, list)):
        for criterion in found:
            _register_all(criterion)
    else:
        raise CriteriaError("criterion", "an entry point must name a Criterion or a tuple of them")
