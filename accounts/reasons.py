"""Acts that ask why: the dialog of one, and the reason that came back from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.http import HttpRequest

from audit.errors import ReasonRequired
from ui.records import ReasonRequest, ValueChange

LEAST_CHARACTERS = 10
OTHER = ("other", "Another reason")


@dataclass(frozen=True, slots=True)
class Act:
    """An act that needs a reason: key, title of its dialog, coded reasons, words of its button."""

    key: str
    title: str
    reasons: tuple[tuple[str, str], ...]
    label: str = ""


def reason_request(
    act: Act,
    url: str,
    *,
    dialog: str = "",
    title: str = "",
    changes: tuple[ValueChange, ...] = (),
    effects: tuple[tuple[str, str], ...] = (),
    hidden: tuple[tuple[str, str], ...] = (),
    label: str = "",
) -> ReasonRequest:
    """Return the dialog of an act; ``effects`` are (tone, words) of what it does."""
    return ReasonRequest(
        dialog_id=dialog or act.key,
        url=url,
        title=title or act.title,
        changes=changes,
        effects=effects,
        reasons=act.reasons,
        hidden=hidden,
        least_characters=LEAST_CHARACTERS,
        label=label or act.label,
    )


def reason_of(request: HttpRequest, act: Act) -> str:
    """Return the reason that came with a form: the coded one with the person's own words.

    Raises:
        ReasonRequired: no reason was chosen, or fewer than ten characters were written.
    """
    label = dict(act.reasons).get(request.POST.get("reason_code", ""))
    words = " ".join(request.POST.get("reason", "").split())
    if label is None or len(words) < LEAST_CHARACTERS:
        raise ReasonRequired(
            f"Choose a reason and write at least {LEAST_CHARACTERS} characters.", rule="reason"
        )
    return words if label == OTHER[1] else f"{label}: {words}"


def asked_again(dialog: ReasonRequest, request: HttpRequest, error: str) -> ReasonRequest:
    """Return a dialog that opens by itself: what was wrong, and what the person had written."""
    return replace(
        dialog,
        errors=(error,),
        chosen=request.POST.get("reason_code", ""),
        typed=request.POST.get("reason", ""),
    )
