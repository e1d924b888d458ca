"""What becomes of attachments after receipt: opened in a child, redacted by a person, released.

``attachments`` takes them in. Here the worker opens each once; a person masks the pages and makes
a flat copy, and releases it by signature or refuses it with a reason. What came and the pictures
of its pages stay sealed; the copy enters the research store when it is released. Image operations
and whoever checks quality see released copies; sites see the state only, readers nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

from django.db import transaction

from accounts.models import User
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting
from audit.errors import RuleBroken
from audit.models import record
from audit.states import WORKFLOWS, Workflow
from imaging.models import Submission
from imaging.models.holds import Paper
from imaging.pipeline.burned_in import TextFinder
from imaging.pipeline.deidentify import DeidPlan, IdentityTokens
from imaging.pipeline.reasons import sentence
from imaging.pipeline.redaction import ENGINE, OpenedPaper, check_flat, flat_pdf, open_paper
from imaging.pipeline.sandbox import Contained, Sandbox, SandboxLimits
from imaging.pipeline.verifier import TokenSearch
from imaging.services.intake import Tick, working_folder
from imaging.storage import ArrivalStore, research

RIGHT: Final = "submission.hold"
MEANING: Final = "attachment_release"
STATEMENT: Final = (
    "I looked at every page of this copy. No identity is visible in it, and it may be shown to "
    "those who check these images."
)
LIMITS: Final = SandboxLimits(memory_bytes=8 * 1024**3, cpu_seconds=180, wall_seconds=300.0)
MAX_MASKS: Final = 500
Masks = Sequence[Mapping[str, Any]]
Work = tuple[str, str, str]
AnyPaper = TypeVar("AnyPaper", bound=Paper)


def open_all(submission: Submission, plan: DeidPlan, tick: Tick) -> None:
    """Open every attachment that was not opened yet: pages sealed, risks listed.

    Runs inside ``intake.working``, which is removed afterwards.
    """
    waiting = list(submission.attachments.filter(state="held", opened_at=None))
    if waiting:
        open_papers(waiting, plan.safe_tokens, working_folder(submission), tick)


def open_papers(waiting: Sequence[Paper], tokens: IdentityTokens, folder: Path, tick: Tick) -> None:
    """Open papers in one child: pages sealed, risks listed.

    Args:
        tokens: the known identity that is looked for in text, names and metadata.
        folder: where they are in clear meanwhile; the caller removes it.
    """
    work: list[Work] = []
    for row in waiting:
        arrivals, path = ArrivalStore(row.store_id), folder / f"attachment-{row.number}"
        arrivals.write_to(row.sha256, path)
        work.append((str(path), row.kind, arrivals.read(row.name_sha256).decode()))
    with Sandbox(_opener(tokens), limits=LIMITS) as sandbox:
        for position, result in sandbox.map(work):
            made = OpenedPaper(problem=result.code) if isinstance(result, Contained) else result
            row = waiting[position]
            _write(row, made, ArrivalStore(row.store_id))
            tick(0, "Opening the attachments")


def _workflow_of(paper: Paper) -> Workflow:
    """Return the states of a kind of paper; every kind has the steps of an attachment."""
    return WORKFLOWS[str(paper._meta.model_name)]


def _opener(tokens: IdentityTokens) -> Callable[[], Callable[[Work], OpenedPaper]]:
    def setup() -> Callable[[Work], OpenedPaper]:
        search, finder = TokenSearch(tokens), TextFinder()

        def open_one(work: Work) -> OpenedPaper:
            path, kind, name = work
            return open_paper(Path(path), kind, name=name, known=search.in_text, finder=finder)

        return open_one

    return setup


def _write(row: Paper, made: OpenedPaper, arrivals: ArrivalStore) -> None:
    row.opened_at = clock.now()
    row.problem = made.problem
    row.risks = [asdict(risk) for risk in made.risks]
    row.pages = [
        {
            "sha256": arrivals.put(page.content),
            "width": page.width,
            "height": page.height,
            "boxes": [list(box) for box in page.boxes],
        }
        for page in made.pages
    ]
    row.save()


def page_picture(attachment: AnyPaper, sha256: str, *, actor: Actor) -> bytes | None:
    """Return one sealed page of an attachment, and write down who saw it.

    Raises:
        NotPermitted: the actor may not see what is held.
    """
    actor.require("arrival.view")
    number = next((n for n, p in enumerate(attachment.pages) if p["sha256"] == sha256), None)
    if number is None:
        return None
    content = ArrivalStore(attachment.store_id).read(sha256)
    with acting(actor.acting_as("arrival.view")):
        record(
            "arrival.view",
            attachment.about,
            details={"attachment": attachment.number, "page": number + 1},
        )
    return content


def redact(attachment: AnyPaper, masks: Masks, *, reason: str, actor: Actor) -> AnyPaper:
    """Make the flat copy with the masks blackened; it may be made again until it is released.

    Args:
        masks: rectangles in pixels with ``frame``, the page counted from 0.

    Raises:
        RuleBroken: IMG-065 the attachment could not be opened; IMG-062 a mask lies outside its
            page; IMG-066 the copy did not pass its check.
    """
    actor.require(RIGHT)
    actor.require("arrival.view")
    if not attachment.pages:
        words = sentence(attachment.problem) if attachment.problem else "It was not opened yet."
        raise RuleBroken(words, rule="IMG-065")
    places = _by_page(attachment, masks)
    arrivals = ArrivalStore(attachment.store_id)
    pages = [arrivals.read(page["sha256"]) for page in attachment.pages]
    copy = _contained_copy(pages, places)
    digest = arrivals.put(copy)
    return _workflow_of(attachment).move(
        attachment,
        "redact",
        actor=actor,
        reason=reason,
        changes={
            "masks": [
                dict(zip(_SIDES, (*place, number), strict=True))
                for number, found in enumerate(places)
                for place in found
            ],
            "redacted_by": User.objects.get(pk=actor.user_id),
            "redacted_at": clock.now(),
            "engine_version": ENGINE,
            "released_sha256": digest,
            "released_size": len(copy),
            "decision_reason": reason.strip()[:300],
        },
        details={"masks": sum(map(len, places)), "pages": len(pages), "copy": digest},
    )


_SIDES: Final = ("left", "top", "right", "bottom", "frame")


def _contained_copy(
    pages: Sequence[bytes], places: Sequence[Sequence[tuple[int, int, int, int]]]
) -> bytes:
    """Build the copy in one child and let another read it again."""

    def builder() -> Callable[[int], bytes]:
        return lambda _: flat_pdf(pages, places)

    with Sandbox(builder, limits=LIMITS) as sandbox:
        _, copy = next(iter(sandbox.map([0])))
    if isinstance(copy, Contained):
        raise RuleBroken(sentence(copy.code), rule="IMG-066")

    def checker() -> Callable[[int], str]:
        return lambda _: check_flat(copy, places)

    with Sandbox(checker, limits=LIMITS) as other:
        _, verdict = next(iter(other.map([0])))
    code = verdict.code if isinstance(verdict, Contained) else verdict
    if code:
        raise RuleBroken(sentence(code), rule="IMG-066")
    return copy


def _by_page(attachment: AnyPaper, masks: Masks) -> list[list[tuple[int, int, int, int]]]:
    if len(masks) > MAX_MASKS:
        raise RuleBroken(f"Draw at most {MAX_MASKS} masks.", rule="IMG-062")
    places: list[list[tuple[int, int, int, int]]] = [[] for _ in attachment.pages]
    for mask in masks:
        try:
            left, top, right, bottom, number = (int(mask[side]) for side in _SIDES)
        except (KeyError, TypeError, ValueError):
            raise RuleBroken("A mask is not a rectangle.", rule="IMG-062") from None
        if not 0 <= number < len(places):
            raise RuleBroken("A mask lies on no page.", rule="IMG-062")
        page = attachment.pages[number]
        if not (0 <= left < right <= page["width"] and 0 <= top < bottom <= page["height"]):
            raise RuleBroken("A mask lies outside its page.", rule="IMG-062")
        places[number].append((left, top, right, bottom))
    return places


def copy_of(attachment: AnyPaper, *, actor: Actor) -> bytes:
    """Return the redacted copy: before release to those who decide, afterwards to those who check.

    Raises:
        NotPermitted: the actor may not see it.
        RuleBroken: IMG-067 there is no copy.
    """
    released = attachment.state == "released"
    actor.require("attachment.view")
    if not released and not (attachment.state == "redacted" and actor.may("arrival.view")):
        raise RuleBroken("No copy of this attachment was released yet.", rule="IMG-067")
    if released:
        content: bytes = research().read(attachment.released_sha256)
    else:
        content = ArrivalStore(attachment.store_id).read(attachment.released_sha256)
    right = "attachment.view" if released else "arrival.view"
    with acting(actor.acting_as(right)):
        record(
            right,
            attachment.about,
            details={"attachment": attachment.number, "copy": attachment.released_sha256},
        )
    return content


def release(attachment: AnyPaper, *, actor: Actor, assent: Assent) -> AnyPaper:
    """Release the redacted copy by signature; from now on those who check quality see it."""
    with transaction.atomic():
        row = _workflow_of(attachment).move(attachment, "release", actor=actor, assent=assent)
        # Stored bytes without a row would be found again; a row without bytes cannot exist.
        research().put_bytes(ArrivalStore(row.store_id).read(row.released_sha256))
        return row


def refuse(attachment: AnyPaper, *, reason: str, actor: Actor) -> AnyPaper:
    """Refuse an attachment with a reason; nobody sees it any more."""
    return _workflow_of(attachment).move(
        attachment,
        "refuse",
        actor=actor,
        reason=reason,
        changes={"decision_reason": reason.strip()[:300]},
    )


def take_back(attachment: AnyPaper, *, reason: str, actor: Actor) -> AnyPaper:
    """Hold a released or refused attachment again, with the reason."""
    return _workflow_of(attachment).move(attachment, "take_back", actor=actor, reason=reason)
