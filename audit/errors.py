"""Answers for people: one exception is one sentence, one rule id and one HTTP status."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """An act was refused. The message is shown as it is; nothing was changed."""

    status = 422
    code = "refused"

    def __init__(self, message: str, *, rule: str = "", details: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule
        self.details = details


class RuleBroken(Refused):
    """A rule of the domain does not hold; ``rule`` names it."""

    code = "rule_broken"


class IllegalStep(Refused):
    """The record is not in a state from which this step leads on."""

    status = 409
    code = "illegal_step"


class Conflict(Refused):
    """Somebody else changed the record meanwhile; both contents are kept."""

    status = 409
    code = "conflict"


class NotPermitted(Refused):
    """The actor lacks the right."""

    status = 403
    code = "not_permitted"


class ReasonRequired(Refused):
    """The change needs a reason."""

    code = "reason_required"


class SignatureRequired(Refused):
    """The step needs an electronic signature."""

    code = "signature_required"


class SignatureRefused(Refused):
    """The signer was not recognised; the attempt is kept in the trail."""

    status = 403
    code = "signature_refused"


class Unscoped(RuntimeError):
    """Study data was asked for without saying which study (a programming error)."""


class UntrackedWrite(RuntimeError):
    """A write would have escaped the history (a programming error)."""


class NoActor(RuntimeError):
    """A tracked record was written without saying who acts (a programming error)."""
