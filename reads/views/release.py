"""Release of a charter: its way step by step, validation reports, signatures; blinding profile."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.signatures import signatures_of
from audit import jobs
from audit.errors import Conflict, Refused, RuleBroken, SignatureRefused
from audit.models import Job
from reads.models import ValidationReport
from reads.services import blindings, charters, releasing, twinning
from reads.signing import (
    CHARTER_MEANING,
    VALIDATION_MEANING,
    proven,
    request_for,
)
from studies.access import StudyRequest, fetch, study_view
from studies.models import Configuration
from studies.services import configuration as service
from ui.records import Link, SignRequest

PARTS = (
    ("failed", "What failed"),
    ("scripted.", "Scripted reads"),
    ("form.", "Edit checks of the eCRF"),
    ("criteria.", "Published cases of the criteria"),
    ("traced", "Clauses of the charter, traced to their tests"),
)


def _fetch(request: StudyRequest, pk: UUID) -> Configuration:
    rows = Configuration.objects.visible_to(request.actor).filter(kind=charters.KIND)
    found: Configuration = fetch(rows.select_related("study"), request.actor, pk)
    return found


def _crumbs(request: StudyRequest, *more: Link) -> tuple[Link, ...]:
    code = request.study.code
    return (
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label="Charter", url=reverse("charter", args=[code])),
        *more,
    )


@study_view("configuration.view")
def charter_release(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show how far a charter is on its way into use, and the next step."""
    return _release(request, _fetch(request, pk))


def _release(
    request: StudyRequest, made: Configuration, *, errors: tuple[str, ...] = (), status: int = 200
) -> HttpResponse:
    steps = releasing.steps(made)
    report = releasing.holding_report(made)
    actor = request.actor
    form, blinding = charters.parts(made)
    done = {one.key: one.is_done for one in steps}
    version_url = reverse("charter-version", args=[request.study.code, made.pk])
    running = next((one for one in jobs.of(made) if one.kind == releasing.JOB), None)
    return render(
        request,
        "reads/release/page.html",
        {
            "made": made,
            "steps": steps,
            "next": next((one.key for one in steps if not one.is_done), ""),
            "done": done,
            "form": form,
            "blinding": blinding,
            "report": report,
            "reports": releasing.reports(made),
            "running": running if running is not None and not running.is_over else None,
            "broken": running if running is not None and _failed(running) else None,
            "may_edit": actor.may("configuration.edit"),
            "twin": twinning.twin_of(request.study),
            "is_twin": bool(request.study.uat_twin_of_id),
            "may_twin": actor.may("study.configure"),
            "may_sign": actor.may("configuration.sign"),
            "sign": _sign(request, made, report, done, errors),
            "crumbs": _crumbs(
                request,
                Link(label=str(made), url=version_url),
                Link(label="Release", url=""),
            ),
        },
        status=status,
    )


def _failed(row: Job) -> bool:
    return row.state in (Job.State.FAILED, Job.State.QUARANTINED)


def _sign(
    request: StudyRequest,
    made: Configuration,
    report: ValidationReport | None,
    done: dict[str, bool],
    errors: tuple[str, ...],
) -> SignRequest | None:
    """Return the dialog of the next signature: the report's, then the charter's."""
    if not request.actor.may("configuration.sign") or report is None or not report.passed:
        return None
    if not done["reviewed"]:
        return request_for(
            request,
            report,
            meaning=VALIDATION_MEANING,
            title="Sign the validation report",
            url=reverse("charter-report-sign", args=[request.study.code, report.pk]),
            facts=(
                ("You sign", str(report)),
                ("Result", f"{report.facts['passed']} passed, none failed"),
                ("SHA-256", report.digest),
            ),
            errors=errors,
        )
    if done["signed"]:
        return None
    return request_for(
        request,
        made,
        meaning=CHARTER_MEANING,
        title=f"Sign {made}",
        url=reverse("charter-sign", args=[request.study.code, made.pk]),
        facts=(("You sign", str(made)), ("SHA-256", made.digest)),
        errors=errors,
    )


@study_view("configuration.edit", methods=("POST",))
def charter_validate(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Ask for the validation of a charter with its eCRF."""
    made = _fetch(request, pk)
    try:
        releasing.ask(made, actor=request.actor)
    except RuleBroken as refused:
        messages.error(request, f"Nothing was validated. {refused.message}")
    else:
        messages.success(request, "The validation runs. This page shows the result.")
    return redirect("charter-release", request.study.code, made.pk)


def _report(request: StudyRequest, pk: int) -> ValidationReport:
    rows = ValidationReport.objects.filter(study_id=request.study.pk, pk=pk)
    found = rows.select_related("design__study", "form").first()
    if found is None:
        raise Http404
    return found


@study_view("configuration.view")
def charter_report(request: StudyRequest, pk: int) -> HttpResponse:
    """Show a validation report: requirement, test, result."""
    report = _report(request, pk)
    lines = report.facts["lines"]
    parts = []
    for mark, title in PARTS:
        parts.append((title, [one for one in lines if _belongs(one, mark)]))
    design_url = reverse("charter-release", args=[request.study.code, report.design_id])
    return render(
        request,
        "reads/release/report.html",
        {
            "report": report,
            "parts": [(title, rows) for title, rows in parts if rows],
            "signatures": signatures_of(report),
            "is_unchanged": releasing.digest_of(report.facts) == report.digest,
            "crumbs": _crumbs(
                request,
                Link(label="Release", url=design_url),
                Link(label="Validation report", url=""),
            ),
        },
    )


def _belongs(line: dict[str, str], mark: str) -> bool:
    if mark in ("failed", "traced"):
        return line["result"] == mark
    return line["test"].startswith(mark) and line["result"] == "passed"


@study_view("configuration.view")
def charter_report_pdf(request: StudyRequest, pk: int) -> HttpResponse:
    """Send a validation report as it was printed when it was made."""
    report = _report(request, pk)
    response = HttpResponse(bytes(report.pdf), content_type="application/pdf")
    name = f"{request.study.code}_validation_v{report.design.version}_{report.pk}.pdf"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@study_view("configuration.sign", methods=("POST",))
def charter_report_sign(request: StudyRequest, pk: int) -> HttpResponse:
    """Sign that a validation report was reviewed."""
    report = _report(request, pk)
    try:
        assent = proven(request, report, meaning=VALIDATION_MEANING)
        releasing.sign_report(report, actor=request.actor, assent=assent)
    except (SignatureRefused, Conflict, RuleBroken) as refused:
        return _release(request, report.design, errors=(refused.message,), status=422)
    messages.success(request, "The validation report is signed.")
    return redirect("charter-release", request.study.code, report.design_id)


@study_view("configuration.sign", methods=("POST",))
def charter_sign(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Sign a charter into approval."""
    made = _fetch(request, pk)
    try:
        assent = proven(request, made, meaning=CHARTER_MEANING)
        service.approve(made, actor=request.actor, assent=assent)
    except (SignatureRefused, Conflict, RuleBroken) as refused:
        return _release(request, _fetch(request, pk), errors=(refused.message,), status=422)
    messages.success(request, f"{made} is signed.")
    return redirect("charter-release", request.study.code, made.pk)


@study_view("configuration.sign", methods=("POST",))
def charter_hold(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Release a charter: it holds from now on."""
    made = _fetch(request, pk)
    try:
        made = releasing.release(made, actor=request.actor)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"{made} holds from now on. New reads carry it.")
    return redirect("charter-release", request.study.code, made.pk)


@study_view("study.configure", methods=("POST",))
def charter_twin(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Make the UAT twin of the study, or bring it up to date."""
    made = _fetch(request, pk)
    try:
        twin = twinning.twin_of(request.study)
        if twin is None:
            twin = twinning.make_twin(request.study, actor=request.actor)
            messages.success(request, f"{twin.code} is made. Its invented subjects follow.")
        else:
            number = twinning.bring_up_to_date(twin, actor=request.actor)
            messages.success(request, f"{twin.code} took over {number} versions.")
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
    return redirect("charter-release", request.study.code, made.pk)


@study_view("configuration.edit", methods=("GET", "POST"))
def charter_blinding(request: StudyRequest) -> HttpResponse:
    """Choose what readers are not told; saving makes the next version of the profile."""
    newest = blindings.newest(request.actor)
    hidden: Any = newest.document.get("hide", []) if newest else list(blindings.USUAL)
    if request.method == "POST":
        chosen = [str(one) for one in request.POST.getlist("hide")]
        made = blindings.save(request.study, chosen, actor=request.actor)
        messages.success(request, f"{made} is a draft. Approve it by signature.")
        return redirect("configuration-page", request.study.code, made.pk)
    return render(
        request,
        "reads/release/blinding.html",
        {
            "newest": newest,
            "hidden": hidden,
            "choices": blindings.CHOICES.items(),
            "always": blindings.ALWAYS,
            "crumbs": _crumbs(request, Link(label="Blinding profile", url="")),
        },
    )
