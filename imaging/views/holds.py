"""Held files: the queue, the screen with masks, the second look, and the comparison afterwards."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock
from audit.errors import Refused
from imaging.models import Attachment, HoldDecision, Instance, ReceivedFile, Screening, Submission
from imaging.pipeline.deidentify.masking import ALL_FRAMES
from imaging.services import hold_decisions, screening
from imaging.services.holds import ANSWERED_BY_LOOKING
from imaging.views.submissions import crumbs, fetched
from studies.access import StudyRequest, fetch, study_view

REASONS = (
    "Name and birth date are masked",
    "Identifier is masked",
    "Only technical text of the scanner",
    "Only a side marker",
    "Report page, not needed for the read",
    "Screen capture, not needed for the read",
)


@study_view("submission.hold")
def queue(request: StudyRequest) -> HttpResponse:
    """List what waits for a decision, the oldest first: held files, second looks, attachments."""
    rows = (
        Submission.objects.visible_to(request.actor)
        .filter(state="held")
        .select_related("subject", "time_point", "study_site__site")
        .prefetch_related("hold_decisions")
    )
    lines = [_queue_line(row, request) for row in rows]
    papers = (
        Attachment.objects.visible_to(request.actor)
        .filter(state__in=["held", "redacted"])
        .exclude(submission__state__in=["draft", "uploading", "withdrawn", "rejected"])
        .select_related("submission__subject", "submission__time_point")
    )
    lines.sort(key=lambda line: line["since"])
    return render(
        request,
        "imaging/hold_queue.html",
        {
            "lines": lines,
            "papers": papers,
            "now": clock.now(),
            "files": sum(line["count"] for line in lines),
        },
    )


def _queue_line(row: Submission, request: StudyRequest) -> dict[str, Any]:
    held = list(hold_decisions.held_files(row))
    reasons = Counter(file.reason for file in held)
    proposals = [d for d in row.hold_decisions.all() if d.state == "proposed"]
    waiting = [d for d in proposals if d.decided_by_id != request.actor.user_id]
    since = min((f.held_at for f in held if f.held_at), default=row.received_at or row.created_at)
    return {
        "row": row,
        "since": since,
        "count": len(held),
        "reasons": reasons.most_common(),
        "score": max((f.screening.score for f in held if hasattr(f, "screening")), default=0.0),
        "second": len(waiting),
        "why": row.hold_reason if not held else "",
    }


@study_view("arrival.view")
def screen(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show the held files of a submission, one of them large, with the boxes that were found."""
    row = fetched(request, pk)
    held = list(hold_decisions.held_files(row)) if row.state == "held" else []
    proposals = list(hold_decisions.open_proposals(row))
    waiting = {sha for decision in proposals for sha in decision.files}
    wanted = request.GET.get("file", "")
    first = next((f for f in held if f.sha256 not in waiting), held[0] if held else None)
    chosen = next((f for f in held if str(f.pk) == wanted), first)
    return render(
        request,
        "imaging/hold_screen.html",
        {
            "row": row,
            "crumbs": crumbs(request, row, last=_("Held files")),
            "held": [(f, f.sha256 in waiting, getattr(f, "screening", None)) for f in held],
            "chosen": chosen,
            "shown": getattr(chosen, "screening", None),
            "masking": _masking(request, row, chosen) if chosen else None,
            "lookable": bool(chosen and hold_decisions.may_be_shown(chosen)),
            "reaches": _reaches(chosen, held) if chosen else [],
            "second": [(d, d.decided_by_id != request.actor.user_id) for d in proposals],
            "done": row.hold_decisions.exclude(state="proposed").select_related("decided_by"),
            "second_look": hold_decisions.needs_second_look(row),
            "reasons": [_(words) for words in REASONS],
            "now": clock.now(),
            "may_lift": bool(row.state == "held" and not held),
        },
    )


def _masking(request: StudyRequest, row: Submission, file: ReceivedFile) -> dict[str, Any]:
    """Return what the mask screen of the browser draws."""
    shown: Screening | None = getattr(file, "screening", None)
    if shown is None:
        return {}
    args = [request.study.code, row.pk, file.pk]
    return {
        "width": shown.columns,
        "height": shown.rows,
        "pictures": [
            {
                "frame": frame,
                "label": frame_label(frame, shown.frames),
                "url": reverse("hold-picture", args=[*args, sha256]),
            }
            for frame, sha256 in shown.pictures
        ],
        "boxes": shown.boxes,
        "masks": [],
    }


def frame_label(frame: int, frames: int) -> str:
    """Return the words for a frame, or for all frames over another."""
    if frame == ALL_FRAMES:
        return _("All %d frames over another") % frames
    return _("Frame %(n)d of %(all)d") % {"n": frame + 1, "all": frames}


def _reaches(file: ReceivedFile, held: list[ReceivedFile]) -> list[tuple[str, str, int]]:
    """Return how far a decision can reach, with the number of files, without repeating itself."""
    shown: Screening | None = getattr(file, "screening", None)
    found: list[tuple[str, str, int]] = []
    for reach in HoldDecision.Reach:
        files = len(hold_decisions.reached(file, reach, among=held))
        if reach == HoldDecision.Reach.FRAME and (shown is None or shown.frames < 2):  # noqa: PLR2004
            continue
        wide = reach in {HoldDecision.Reach.SERIES, HoldDecision.Reach.ALIKE}
        if wide and files == 1:
            continue
        alone = reach == HoldDecision.Reach.FILE and (shown is None or shown.frames < 2)  # noqa: PLR2004
        found.append((reach.value, _("This file") if alone else str(reach.label), files))
    return found


@study_view("arrival.view")
def picture(request: StudyRequest, pk: UUID, file_id: int, sha256: str) -> HttpResponse:
    """Serve one picture of a held original; each is an event, none is kept by the browser."""
    row = fetch(Submission, request.actor, pk)
    shown = get_object_or_404(Screening, file_id=file_id, file__submission=row)
    content = screening.picture(shown, sha256, actor=request.actor)
    if content is None:
        raise Http404
    return unkept(content)


def unkept(content: bytes) -> HttpResponse:
    """Answer with a picture that no cache may keep."""
    kind = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
    response = HttpResponse(content, content_type=kind)
    response["Cache-Control"] = "no-store"
    response["Content-Disposition"] = "inline"
    return response


@study_view("submission.hold", methods=("POST",))
def decide(request: StudyRequest, pk: UUID, file_id: int) -> HttpResponse:
    """Decide on a held file and go to the next one."""
    row = fetched(request, pk)
    file = get_object_or_404(ReceivedFile, pk=file_id, submission=row)
    again = reverse("hold-screen", args=[request.study.code, row.pk])
    try:
        made = hold_decisions.decide(
            row,
            file,
            verdict=_one_of(HoldDecision.Verdict, request.POST.get("verdict", "")),
            reach=_one_of(HoldDecision.Reach, request.POST.get("reach", "file")),
            reason=request.POST.get("reason", ""),
            masks=posted_masks(request),
            actor=request.actor,
        )
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect(f"{again}?file={file.pk}")
    if made.needs_second:
        messages.success(request, _("Kept. It takes effect after a second look."))
    else:
        count = len(made.files)
        messages.success(
            request,
            ngettext("%d file was decided on.", "%d files were decided on.", count) % count,
        )
    return _onward(request, row)


def _onward(request: StudyRequest, row: Submission) -> HttpResponse:
    row.refresh_from_db()
    if row.state == "held":
        return redirect("hold-screen", request.study.code, row.pk)
    messages.success(request, _("Every held file was decided on. %s goes on.") % row)
    return redirect("submission", request.study.code, row.pk)


def _one_of(choices: Any, value: str) -> str:
    if value not in choices.values:
        raise Refused("This is no decision that can be made here.", rule="IMG-061")
    return value


def posted_masks(request: StudyRequest) -> list[dict[str, Any]]:
    """Return the masks that the screen posted; what is no list of rectangles is no mask."""
    try:
        found = json.loads(request.POST.get("masks", "") or "[]")
    except ValueError:
        return []
    return [mask for mask in found if isinstance(mask, dict)] if isinstance(found, list) else []


@study_view("submission.hold", methods=("POST",))
def second(request: StudyRequest, pk: UUID, decision_id: UUID) -> HttpResponse:
    """Confirm or refuse another person's decision."""
    row = fetched(request, pk)
    decision = fetch(HoldDecision, request.actor, decision_id, submission=row)
    reason = request.POST.get("reason", "").strip()
    try:
        if request.POST.get("outcome") == "confirm":
            hold_decisions.confirm(decision, reason=reason, actor=request.actor)
            messages.success(request, _("The decision was confirmed."))
        else:
            hold_decisions.refuse(decision, reason=reason, actor=request.actor)
            messages.success(request, _("The decision was refused. The files are held again."))
    except Refused as refused:
        messages.error(request, refused.message)
    return _onward(request, row)


@study_view("submission.hold", methods=("POST",))
def take_back(request: StudyRequest, pk: UUID, decision_id: UUID) -> HttpResponse:
    """Take a decision back while the submission still waits."""
    row = fetched(request, pk)
    decision = fetch(HoldDecision, request.actor, decision_id, submission=row)
    try:
        hold_decisions.take_back(
            decision, reason=request.POST.get("reason", "").strip(), actor=request.actor
        )
        messages.success(request, _("Taken back. The files are held again."))
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("hold-screen", request.study.code, row.pk)


@study_view("arrival.view")
def compare(request: StudyRequest, pk: UUID, decision_id: UUID) -> HttpResponse:
    """Show a decision beside its pictures: as they came, and as they were released."""
    row = fetched(request, pk)
    decision = fetch(
        HoldDecision.objects.select_related("decided_by", "second_by"),
        request.actor,
        decision_id,
        submission=row,
    )
    files = list(
        row.files.filter(sha256__in=decision.files).select_related("screening").order_by("pk")
    )
    wanted = request.GET.get("file", "")
    chosen = next((f for f in files if str(f.pk) == wanted), files[0] if files else None)
    shown = getattr(chosen, "screening", None)
    clean = (
        Instance.objects.filter(series__submission=row, source_sha256=chosen.sha256).first()
        if chosen
        else None
    )
    return render(
        request,
        "imaging/hold_compare.html",
        {
            "row": row,
            "crumbs": crumbs(request, row, last=_("Before and after")),
            "decision": decision,
            "files": files,
            "chosen": chosen,
            "shown": shown,
            "clean": clean,
            "pairs": _pairs(request, row, chosen, shown, clean) if chosen and shown else [],
            "masks": decision.masks,
            "answered": [code for code in set(decision.codes) if code in ANSWERED_BY_LOOKING],
        },
    )


def _pairs(
    request: StudyRequest,
    row: Submission,
    file: ReceivedFile,
    shown: Screening,
    clean: Instance | None,
) -> list[tuple[str, str, str]]:
    """Return label, picture before and picture after of each frame that was shown."""
    after = _after(request, clean) if clean else {}
    args = [request.study.code, row.pk, file.pk]
    return [
        (
            frame_label(frame, shown.frames),
            reverse("hold-picture", args=[*args, sha256]),
            after.get(frame, ""),
        )
        for frame, sha256 in shown.pictures
        if frame != ALL_FRAMES or not after
    ]


def _after(request: StudyRequest, clean: Instance) -> dict[int, str]:
    found: dict[int, str] = {}
    for preview in clean.series.previews.all():
        for sha256, (uid, frame, _height) in zip(
            preview.objects_sha256, preview.slices, strict=True
        ):
            if uid == clean.sop_instance_uid:
                args = [request.study.code, clean.series_id, sha256]
                found.setdefault(int(frame or 0), reverse("image-preview", args=args))
    return found
