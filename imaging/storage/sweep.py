"""The integrity sweep: every stored object is read and proved, and every one has its record.

Three things are found and named: an object whose bytes do not match its name, an object that a
record names and no store holds, and an object that no record names (after a day's grace: bytes are
stored before their rows are written). Who keeps objects says which records name them
(``register``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from audit.verification import Fault
from imaging.storage.content import ContentDamaged, ContentStore

GRACE: Final = timedelta(hours=24)
#: told after each object: objects and bytes read so far
Watch = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Claim:
    """A record that names an object; ``gone`` says that it was destroyed on purpose."""

    sha256: str
    record_kind: str
    record_id: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """One store and the records that name its objects."""

    name: str
    store: Callable[[], ContentStore]
    claims: Callable[[], Iterable[Claim]]


@dataclass(slots=True)
class Count:
    """How much was read."""

    objects: int = 0
    size: int = 0


_HOLDINGS: dict[str, Holding] = {}


def register(
    name: str, store: Callable[[], ContentStore], claims: Callable[[], Iterable[Claim]]
) -> None:
    """Add a store under the name that faults show ("research")."""
    _HOLDINGS[name] = Holding(name, store, claims)


def holdings() -> list[Holding]:
    """Return the registered stores."""
    return list(_HOLDINGS.values())


def _unwatched(objects: int, size: int) -> None:
    return None


def sweep_one(holding: Holding, count: Count, watch: Watch = _unwatched) -> Iterator[Fault]:
    """Read every object of one store; yield what does not hold."""
    store = holding.store()
    claims: dict[str, Claim] = {}
    for claim in holding.claims():
        if not claim.gone or claim.sha256 not in claims:
            claims[claim.sha256] = claim
    for sha256, stored_at in store.names():
        named = claims.pop(sha256, None)
        if named is None and _age(stored_at) < GRACE:
            continue
        fault = _judged(holding, store, sha256, named, count)
        watch(count.objects, count.size)
        if fault is not None:
            yield fault
    for sha256, claim in sorted(claims.items()):
        if not claim.gone:
            what = f"its object {sha256} is missing in the store “{holding.name}”"
            yield Fault(claim.record_kind, claim.record_id, what)


def _age(stored_at: datetime) -> timedelta:
    return datetime.now(UTC) - stored_at


def _judged(
    holding: Holding, store: ContentStore, sha256: str, named: Claim | None, count: Count
) -> Fault | None:
    count.objects += 1
    if named is None:
        return Fault(f"store “{holding.name}”", sha256, "no record names this object")
    try:
        for chunk in store.chunks(sha256):
            count.size += len(chunk)
    except ContentDamaged:
        what = f"the bytes of its object {sha256} in the store “{holding.name}” were changed"
        return Fault(named.record_kind, named.record_id, what)
    except FileNotFoundError:
        what = f"its object {sha256} is missing in the store “{holding.name}”"
        return Fault(named.record_kind, named.record_id, what)
    return None
