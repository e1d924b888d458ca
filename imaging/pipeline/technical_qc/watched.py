"""Which elements of a data set were asked for: what was not asked decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydicom.tag import BaseTag


class Watched(dict[BaseTag, Any]):
    """The elements of a data set; keeps which were asked for, or that all were."""

    def __init__(self, given: Iterable[tuple[BaseTag, Any]] = ()) -> None:
        super().__init__(given)
        self.asked: set[int] = set()
        self.wholly = False

    def get(self, key: Any, default: Any = None) -> Any:
        self.asked.add(int(key))
        return super().get(key, default)

    def __getitem__(self, key: Any) -> Any:
        self.asked.add(int(key))
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(int(key))  # type: ignore[call-overload]  # a tag
        return super().__contains__(key)

    def __iter__(self) -> Iterator[BaseTag]:
        self.wholly = True
        return super().__iter__()

    def keys(self) -> Any:
        self.wholly = True
        return super().keys()

    def values(self) -> Any:
        self.wholly = True
        return super().values()

    def items(self) -> Any:
        self.wholly = True
        return super().items()
