"""One data cut: its life, files, open items, differences, signatures and history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.sentences import sentences
from accounts.signing import shown_signatures
from audit import clock, jobs, trail
from audit.errors import NotPermitted
from audit.models import Event, Job, kind_of
from exports import comparison, delivery, services, signing
from exports.corrections import corrected
from exports.models import DataCut
from exports.views.lists import shown_state
from exports.workflows import DATA_CUT
from studies.access import fetch, study_view
from ui.moments import day_words
from ui.records import FormError, JobProgress, LifeStep, Link

LIFE = (
    ("planned", "plan", "calendar-event", "Planned"),
    ("cleaning", "start_cleaning", "list-check", "Cleaning"),
    ("frozen", "freeze", "snowflake", "Frozen"),
    ("generated", "generate", "file-zip", "Generated"),
    ("released", "release", "send", "Released"),
    ("acknowledged", "acknowledge", "rosette-discount-check", "Received"),
)
HOLDS = {
    "subjects.csv": "Subjects",
    "timepoints.csv": "Time points and windows",
    "queries.csv": "Queries with their ages",
    "tu.csv": "Tumour identification (SDTM TU)",
    "tr.csv": "Tumour results (SDTM TR)",
    "rs.csv": "Disease response (SDTM RS)",
    "imported_readings.csv": "Readings imported from elsewhere",
    "dossiers.csv": "Clinical dossiers, version by version",
    "dossier_items.csv": "Values of the dossiers",
    "dossier_openings.csv": "Who opened which dossier while reading",
    "reconciliation.csv": "Differences from a second source and their disposition",
    "manifest.json": "Every file with size, rows and SHA-256",
    "SHA256SUMS": "Digests for sha256sum --check",
}
JOB_STATES = {
    Job.State.PENDING: "WAITING",
    Job.State.RUNNING: "RUNNING",
    Job.State.DONE: "DONE",
    Job.State.FAILED: "FAILED",
    Job.State.QUARANTINED: "FAILED",
    Job.State.CANCELLED: "CANCELLED",
}
ROWS_SHOWN = 200


def fetched(request: Any, pk: UUID) -> DataCut:
    """Return a cut that the asker may see."""
    rows = DataCut.objects.select_related("study", "specification")
    cut: DataCut = fetch(rows, request.actor, pk)
    return cut


@study_view("cut.view")
def cut_page(request: Any, pk: UUID) -> HttpResponse:
    """Show a cut."""
    return render_cut(request, fetched(request, pk))


def render_cut(
    request: Any,
    cut: DataCut,
    *,
    refused: str = "",
    sign_errors: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    """Answer with the page of a cut, perhaps with what was refused."""
    actor = request.actor
    steps = {step.name for step in DATA_CUT.open_steps(cut, actor)}
    open_files = services.may_see_files(cut, request.actor)
    files = list(cut.files.all()) if open_files else []
    corrections = corrected([cut]).get(cut.pk, [])
    kind = _signing(steps)
    previous = comparison.previous_of(cut) if files else None
    return render(
        request,
        "exports/page.html",
        {
            "crumbs": crumbs(request, cut),
            "cut": cut,
            "code": shown_state(cut, corrections),
            "corrections": corrections if open_files else [],
            "zone": request.user.time_zone,
            "now": clock.now(),
            "steps": steps,
            "life": life(cut),
            "files": [{"row": file, "holds": _holds(file.name)} for file in files],
            "total": sum(file.size for file in files),
            "may_take": services.may_take(cut, actor),
            "may_verify": actor.may("cut.verify") and bool(files),
            "verified": _verified(cut),
            **_open_items(request, cut),
            "job": _job(request, cut) if actor.may("cut.make") else None,
            "sign": signing.request_for(request, cut, kind, errors=sign_errors) if kind else None,
            "signatures": shown_signatures(cut),
            "previous": previous,
            "differences": comparison.compare(previous, cut) if previous else [],
            "history": sentences(_acts(cut)) if actor.may("trail.view") else None,
            "errors": [FormError(text=refused)] if refused else [],
        },
        status=status,
    )


def crumbs(request: Any, cut: DataCut, last: str = "") -> list[Link]:
    """Return the way to a cut, or to a page below it."""
    code = request.study.code
    way = [
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label="Data cuts", url=reverse("cut-list", args=[code])),
        Link(label=cut.title, url=reverse("cut-page", args=[code, cut.pk]) if last else ""),
    ]
    return [*way, Link(label=last, url="")] if last else way


def _signing(steps: set[str]) -> signing.Signing | None:
    if "release" in steps:
        return signing.RELEASE
    return signing.RECEIPT if "acknowledge" in steps else None


#: columns that the freeze and the generation fill; the act itself says so in the history
FILLED = (
    "open_items",
    "frozen_at",
    "item_count",
    "manifest_digest",
    "chain_head",
    "specification_id",
)


def _acts(cut: DataCut) -> list[trail.Entry]:
    """Return the history of a cut without the columns that its steps fill by themselves."""
    found = []
    for entry in trail.entries(cut):
        told = tuple(change for change in entry.changes if not change.field.startswith(FILLED))
        if told or not entry.changes:
            found.append(replace(entry, changes=told))
    return found


def _holds(name: str) -> str:
    return HOLDS.get(name, "All files in one" if name.endswith(".zip") else "")


def life(cut: DataCut) -> list[LifeStep]:
    """Return the steps of a cut with when and by whom they were taken."""
    events = {
        event.kind.partition(".")[2]: event
        for event in Event.objects.filter(object_kind=kind_of(cut), object_id=str(cut.pk))
    }
    taken = [step in events for _state, step, _icon, _label in LIFE]
    following = taken.index(False) if False in taken else len(LIFE)
    steps = []
    for place, (_state, step, icon, label) in enumerate(LIFE):
        event = events.get(step)
        steps.append(
            LifeStep(
                phase="done" if event else "now" if place == following else "todo",
                icon=icon,
                label=label,
                time=day_words(event.at.date()) if event else "",
                actor="The system"
                if event and event.actor_role == "system"
                else (event.actor_name if event else ""),
            )
        )
    return steps


def _open_items(request: Any, cut: DataCut) -> dict[str, Any]:
    """Return the clean-up list: as it is now before the freeze, as it was accepted after."""
    live = cut.state in {"planned", "cleaning"}
    items = (
        [
            {"kind": i.kind, "label": i.label, "why": i.why, "page": i.page, "pk": i.pk}
            for i in services.open_items(cut)
        ]
        if live
        else cut.open_items
    )
    pages = {"time-point": "timepoint.view", "query-page": "query.view"}
    code = request.study.code
    shown = [
        {
            **item,
            "url": reverse(item["page"], args=[code, item["pk"]])
            if item.get("page") and request.actor.may(pages[item["page"]])
            else "",
        }
        for item in items
    ]
    return {
        "is_live": live,
        "open_count": len(items),
        "open_items": shown if services.may_see_files(cut, request.actor) else [],
    }


def _verified(cut: DataCut) -> Event | None:
    rows = Event.objects.filter(
        object_kind=kind_of(cut), object_id=str(cut.pk), kind="datacut.verify"
    )
    return rows.order_by("-id").first()


def _job(request: Any, cut: DataCut) -> JobProgress | None:
    """Return the progress of the files, while they are made or when that stopped."""
    found = next(iter(jobs.of(cut)), None)
    if found is None or cut.state != "frozen":
        return None
    stopped = found.state in {Job.State.FAILED, Job.State.QUARANTINED}
    return JobProgress(
        title=f"{cut.title}: making the files",
        number=str(found.pk)[:8],
        state=JOB_STATES[Job.State(found.state)],
        done=found.done_units,
        total=found.total_units,
        unit="files",
        left=found.note,
        poll_url=reverse("cut-job", args=[request.study.code, cut.pk]),
        error="This stopped and needs the administrator. The freeze is kept." if stopped else "",
    )


@study_view("cut.make")
def cut_job(request: Any, pk: UUID) -> HttpResponse:
    """Answer with the progress of the files; once they are there, the page is loaded again."""
    cut = fetched(request, pk)
    job = _job(request, cut)
    if job is None:
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    return render(request, "components/job.html", {"job": job})


@study_view("cut.download")
def cut_file(request: Any, pk: UUID, name: str) -> HttpResponse:
    """Send a file of a cut; who took it is kept."""
    file = delivery.file_of(fetched(request, pk), name)
    sent: Any = delivery.respond(file, actor=request.actor, keeps_event=request.method == "GET")
    return sent


@study_view("cut.download")
def cut_difference(request: Any, pk: UUID) -> HttpResponse:
    """Show row by row what changed since the previous cut, for those who may take the files."""
    cut = fetched(request, pk)
    if not services.may_take(cut, request.actor):
        raise NotPermitted("This cut has not been released yet.", rule="CUT-004")
    previous = comparison.previous_of(cut)
    found = comparison.compare(previous, cut) if previous and cut.manifest_digest else []
    title = f"Difference to {previous.title}" if previous else "Difference"
    return render(
        request,
        "exports/difference.html",
        {
            "crumbs": crumbs(request, cut, title),
            "cut": cut,
            "previous": previous,
            "differences": [
                {
                    "of": one,
                    "rows": [row for row in one.rows if row.kind != "added"][:ROWS_SHOWN],
                    "added": [row for row in one.rows if row.kind == "added"][:ROWS_SHOWN],
                }
                for one in found
            ],
            "shown": ROWS_SHOWN,
            "title": title,
        },
    )
