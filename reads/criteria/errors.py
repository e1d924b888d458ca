"""The one error that the criteria package raises."""

from __future__ import annotations

from collections.abc import Iterable


class CriteriaError(ValueError):
    """Input that cannot be assessed.

    `field` is the path of the offending item as the caller knows it, for example
    `visits[1].target[0].ld_mm`; `problem` says what is wrong with it in one sentence.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem

    def under(self, prefix: str) -> CriteriaError:
        """Return the same error with `prefix` put before the field."""
        return CriteriaError(f"{prefix}.{self.field}" if prefix else self.field, self.problem)

    def __reduce__(self) -> tuple[type[CriteriaError], tuple[str, str]]:
        return (CriteriaError, (self.field, self.problem))


def missing(field: str, what: str = "") -> CriteriaError:
    """Return the error for an item that is not there; `what` needs it, for example a lesion."""
    return CriteriaError(field, f"is missing for {what}" if what else "is missing")


def negative(field: str) -> CriteriaError:
    """Return the error for a size below zero."""
    return CriteriaError(field, "must not be negative")


def not_among(field: str, permitted: Iterable[str]) -> CriteriaError:
    """Return the error for a word that is not permitted."""
    return CriteriaError(field, f"must be one of {', '.join(permitted)}")
