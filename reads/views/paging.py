"""Pages of rows whose number is known before they are fetched."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property


class Counted(Paginator):  # type: ignore[type-arg]  # Django knows no parameter at run time
    """A paginator that was told how many rows there are, and does not ask the database again."""

    def __init__(self, rows: Any, per_page: int, *, count: int) -> None:
        super().__init__(rows, per_page)
        self._known = count

    @cached_property
    def count(self) -> int:
        """Return the number of rows."""
        return self._known
