"""The one error that the criteria package raises."""

from __future__ import annotations


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
