"""A person decides on held files: no identity, masked, or left out; then the visit goes on.

Every decision is kept with its masks, what recognition proposed, who, when and why. A study's
de-identification profile may ask for a second look (``second_look: true``): then a decision takes
effect only when another person confirms it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db import transaction

from accounts.models import User
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.models import record
from imaging.models import HoldDecision, ReceivedFile, Screening, Submission
from imaging.pipeline.deidentify.masking import ALL_FRAMES
from imaging.pipeline.held_pictures import ENGINE
from imaging.pipeline.reasons import sentence
from imaging.services import submission as submissions
from imaging.services.holds import ANSWERED_BY_LOOKING, LEFT_OUT, waiting_in_words
from imaging.workflows import HOLD_DECISION

RIGHT: Final = "submission.hold"
MAX_MASKS: Final = 200
ALL_DECIDED: Final = "every held file was decided on"
Masks = Sequence[Mapping[str, Any]]


def held_files(submission: Submission) -> Any:
    """Return the files of a submission that wait for a person, with their pictures, in order."""
    return (
        submission.files.filter(outcome=ReceivedFile.Outcome.HELD)
        .select_related("screening")
        .order_by("screening__series_key", "screening__position", "pk")
    )


def needs_second_look(submission: Submission) -> bool:
    """Tell whether the pinned profile asks for a second person."""
    return bool(submission.profile.document.get("second_look", False))


def may_be_shown(file: ReceivedFile) -> bool:
    """Tell whether there are pictures of a held file, so that a person can say what is in it."""
    shown: Screening | None = getattr(file, "screening", None)
    return file.code in ANSWERED_BY_LOOKING and shown is not None and bool(shown.pictures)


def reached(file: ReceivedFile, reach: str, *, among: Iterable[ReceivedFile]) -> list[ReceivedFile]:
    """Return the held files to which a decision on one of them applies."""
    own: Screening | None = getattr(file, "screening", None)
    key = {HoldDecision.Reach.SERIES: "series_key", HoldDecision.Reach.ALIKE: "alike_key"}.get(
        HoldDecision.Reach(reach)
    )
    value = getattr(own, key, "") if key else ""
    if not key or not value:
        return [file]
    rest = [f for f in among if getattr(getattr(f, "screening", None), key, "") == value]
    return [file, *(f for f in rest if f.pk != file.pk)]


def decide(
    submission: Submission,
    file: ReceivedFile,
    *,
    verdict: str,
    reach: str,
    reason: str,
    actor: Actor,
    masks: Masks = (),
) -> HoldDecision:
    """Decide on a held file and on those that the decision reaches.

    Args:
        masks: rectangles in pixels, ``left`` and ``top`` inside, ``right`` and ``bottom`` outside,
            ``frame`` counted from 0 (-1: every frame). Beyond one frame they apply to all frames.

    Raises:
        NotPermitted: the actor may not see or decide on held files.
        Conflict: IMG-060 the submission or the file is not held (any more).
        RuleBroken: IMG-061 no reason; IMG-062 a mask is no rectangle in the picture, or none was
            drawn; IMG-063 there is no picture, so the file can only be left out.
    """
    actor.require(RIGHT)
    actor.require("arrival.view")
    if not reason.strip():
        raise RuleBroken("Say why you decide so.", rule="IMG-061")
    with transaction.atomic():
        row = _locked(submission)
        waiting = list(held_files(row))
        chosen = next((f for f in waiting if f.pk == file.pk), None)
        if chosen is None:
            raise Conflict("This file is not held any more.", rule="IMG-060")
        files = reached(chosen, reach, among=waiting)
        if verdict != HoldDecision.Verdict.LEFT_OUT:
            files = [f for f in files if may_be_shown(f)]
            if chosen not in files:
                raise RuleBroken(
                    "There is no picture of this file, so nobody can say what it shows. Leave it "
                    "out, or ask the site for another export.",
                    rule="IMG-063",
                )
        for other in waiting:
            _set_aside_earlier(row, other, files, actor)
        made = HoldDecision(
            study_id=row.study_id,
            submission=row,
            verdict=HoldDecision.Verdict(verdict),
            reach=HoldDecision.Reach(reach),
            files=[f.sha256 for f in files],
            codes=[f.code for f in files],
            masks=_checked(masks, files, reach) if verdict == HoldDecision.Verdict.MASKED else [],
            proposed=list(chosen.screening.boxes) if hasattr(chosen, "screening") else [],
            reason=reason.strip()[:300],
            engine_version=ENGINE,
            decided_by=User.objects.get(pk=actor.user_id),
            needs_second=needs_second_look(row),
        )
        with acting(actor.acting_as(RIGHT), reason):
            made.save()
            if made.needs_second:
                record("holddecision.propose", made, details={"files": len(files)})
        if not made.needs_second:
            _take_effect(made, actor, reason)
        return made


def confirm(decision: HoldDecision, *, reason: str, actor: Actor) -> HoldDecision:
    """Confirm another person's decision by a second look; it takes effect.

    Raises:
        RuleBroken: IMG-064 the same person decided.
    """
    with transaction.atomic():
        row = _locked(decision.submission)
        _check_second(decision, actor)
        second = {"second_reason": reason.strip()[:300]} | _second(actor)
        _take_effect(decision, actor, reason or "confirmed by a second look", changes=second)
        row.refresh_from_db()
        return decision


def refuse(decision: HoldDecision, *, reason: str, actor: Actor) -> HoldDecision:
    """Refuse another person's decision; the files are held as before and are decided on anew.

    Raises:
        RuleBroken: IMG-064 the same person decided.
    """
    with transaction.atomic():
        _locked(decision.submission)
        _check_second(decision, actor)
        changes = {"second_reason": reason.strip()[:300]} | _second(actor)
        HOLD_DECISION.move(decision, "refuse", actor=actor, reason=reason, changes=changes)
        return decision


def take_back(decision: HoldDecision, *, reason: str, actor: Actor) -> HoldDecision:
    """Take a decision back while the submission still waits; its files are held again.

    Raises:
        Conflict: IMG-060 the submission went on.
    """
    with transaction.atomic():
        row = _locked(decision.submission)
        was_effective = decision.state == "effective"
        HOLD_DECISION.move(decision, "supersede", actor=actor, reason=reason)
        if was_effective:
            for sha256, code in zip(decision.files, decision.codes, strict=True):
                row.files.filter(sha256=sha256, decision=decision).update(
                    outcome=ReceivedFile.Outcome.HELD,
                    code=code,
                    reason=sentence(code)[:300],
                    decision=None,
                )
            _say_what_waits(row, actor)
        return decision


def open_proposals(submission: Submission) -> Any:
    """Return the decisions that wait for a second look."""
    return submission.hold_decisions.filter(state="proposed").select_related("decided_by")


def _locked(submission: Submission) -> Submission:
    row: Submission = (
        Submission.objects.in_study(submission.study_id).select_for_update().get(pk=submission.pk)
    )
    if row.state != "held":
        state = row.get_state_display().lower()
        raise Conflict(f"{row} does not wait for a decision: it is {state}.", rule="IMG-060")
    return row


def _check_second(decision: HoldDecision, actor: Actor) -> None:
    actor.require("arrival.view")
    if decision.decided_by_id == actor.user_id:
        raise RuleBroken("The second look is another person's.", rule="IMG-064")


def _second(actor: Actor) -> dict[str, Any]:
    return {"second_by": User.objects.get(pk=actor.user_id), "second_at": clock.now()}


def _set_aside_earlier(
    row: Submission, file: ReceivedFile, files: Sequence[ReceivedFile], actor: Actor
) -> None:
    """A new decision on a file that waits for a second look replaces the one that waits."""
    if file not in files:
        return
    for old in row.hold_decisions.filter(state="proposed", files__contains=[file.sha256]):
        HOLD_DECISION.move(old, "supersede", actor=actor, reason="decided on anew")


def _take_effect(
    decision: HoldDecision,
    actor: Actor,
    reason: str,
    *,
    changes: Mapping[str, Any] | None = None,
) -> None:
    details = {"files": len(decision.files), "masks": len(decision.masks)}
    HOLD_DECISION.move(
        decision,
        "take_effect",
        actor=actor,
        reason=reason,
        changes=changes,
        details=details | {"verdict": decision.verdict},
    )
    row = decision.submission
    rows = row.files.filter(sha256__in=decision.files, outcome=ReceivedFile.Outcome.HELD)
    if decision.verdict == HoldDecision.Verdict.LEFT_OUT:
        rows.update(
            outcome=ReceivedFile.Outcome.REFUSED,
            code=LEFT_OUT,
            reason=sentence(LEFT_OUT),
            decision=decision,
        )
    else:
        rows.update(outcome=ReceivedFile.Outcome.STORED, code="", reason="", decision=decision)
    if held_files(row).exists():
        _say_what_waits(row, actor)
    else:
        submissions.resume(row, actor=actor, reason=ALL_DECIDED)


def _say_what_waits(row: Submission, actor: Actor) -> None:
    with acting(actor.acting_as(RIGHT)):
        fresh = Submission.objects.in_study(row.study_id).get(pk=row.pk)
        fresh.hold_reason = waiting_in_words(held_files(fresh).count())
        fresh.save()


def _checked(masks: Masks, files: Sequence[ReceivedFile], reach: str) -> list[dict[str, int]]:
    if not masks or len(masks) > MAX_MASKS:
        raise RuleBroken(f"Draw 1 to {MAX_MASKS} masks.", rule="IMG-062")
    everywhere = reach != HoldDecision.Reach.FRAME
    found = []
    for file in files:
        found = [_rectangle(mask, file.screening, everywhere=everywhere) for mask in masks]
    return found


def _rectangle(mask: Mapping[str, Any], shown: Screening, *, everywhere: bool) -> dict[str, int]:
    try:
        left, top, right, bottom = (int(mask[side]) for side in ("left", "top", "right", "bottom"))
        frame = ALL_FRAMES if everywhere else int(mask.get("frame", ALL_FRAMES))
    except (KeyError, TypeError, ValueError):
        raise RuleBroken("A mask is not a rectangle.", rule="IMG-062") from None
    inside = 0 <= left < right <= shown.columns and 0 <= top < bottom <= shown.rows
    if not inside or not ALL_FRAMES <= frame < max(shown.frames, 1):
        raise RuleBroken("A mask lies outside the picture.", rule="IMG-062")
    return {"left": left, "top": top, "right": right, "bottom": bottom, "frame": frame}
