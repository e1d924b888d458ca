"""What can be wrong with a form definition. Answers are never an exception: see `evaluate`."""

from __future__ import annotations

from dataclasses import dataclass


class FormError(ValueError):
    """A form document cannot be read. `path` names the place, as in `sections[0].items[2].kind`."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path or 'document'}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class Problem:
    """One reason why a readable form must not be released.

    `code` is stable (`unknown_item`, `duplicate_id`, `cycle` ...), `path` names the item or
    check, `text` is for the author.
    """

    code: str
    path: str
    text: str
