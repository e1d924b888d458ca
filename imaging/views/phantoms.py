"""Phantoms: where every scanner stands, one scan with its result and trend, and its decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.reasons import asked_again, reason_of, reason_request
from accounts.sentences import sentences
from accounts.signing import proven, shown_signatures, sign_request
from audit import clock, jobs, trail
from audit.errors import Conflict, ReasonRequired, Refused, RuleBroken
from imaging.models import PhantomScan
from imaging.reasons import WITHDRAW_PHANTOM
from imaging.rules import phantom_doubts
from imaging.services import phantoms
from imaging.storage import previews
from imaging.workflows import PHANTOM_SCAN
from studies.access import StudyRequest, fetch, person, study_view
from studies.models import Scanner, StudySite
from ui import moments
from ui.figures import number_words, with_minus
from ui.records import Link, ReasonRequest, SignRequest, UploadPanel
from ui.sheets import csv_response

_SHOWN = frozenset({"files", "figures", "header", "picture_sha256", "engine_version"})
#: decision -> what the dialog shows: title, statement's key, consequence, button
DECISIONS = {
    "pass": ("Pass the scanner", phantoms.QUALIFY, "Pass scanner"),
    "fail": ("Fail the scanner", phantoms.FAIL, "Fail scanner"),
}
STEPS = {"pass": "qualify", "fail": "fail"}
TRENDS = {"water": ("water_hu", "noise_hu"), "nema_body": ("calibration_bias",)}


def crumbs(request: StudyRequest, last: str = "") -> list[Link]:
    """Return where a page about phantoms lies."""
    code = request.study.code
    found = [
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label=_("Phantoms"), url=reverse("phantom-list", args=[code]) if last else ""),
    ]
    return [*found, Link(label=last, url="")] if last else found


def fetched(request: StudyRequest, pk: UUID) -> PhantomScan:
    """Return a phantom scan that the person may see, with what its page shows."""
    rows = PhantomScan.objects.select_related(
        "study_site__site", "scanner", "plan", "sender", "decided_by"
    )
    row: PhantomScan = fetch(rows, request.actor, pk)
    return row


# --- the list -------------------------------------------------------------------------------


@study_view("phantom.view")
def listing(request: StudyRequest) -> HttpResponse:
    """Show every scanner with its phantoms, what is due first, and the scans that were sent."""
    order = {"missing": 0, "failed": 1, "due": 2, "waiting": 3, "qualified": 4}
    standing = phantoms.qualifications(request.study, request.actor)
    standing.sort(key=lambda q: (order[q.state], q.until is not None, str(q.until)))
    scans = PhantomScan.objects.visible_to(request.actor).select_related(
        "study_site__site", "scanner", "plan"
    )
    return render(
        request,
        "imaging/phantom_list.html",
        {
            "crumbs": crumbs(request),
            "plan": phantoms.plan_of(request.study),
            "standing": standing,
            "scans": [(scan, phantoms.programme_of(scan).title) for scan in scans[:200]],
            "may_send": request.actor.may("phantom.send"),
        },
    )


@study_view("phantom.view")
def export(request: StudyRequest) -> HttpResponse:
    """Give every figure of every scan that the person may see as a table."""
    scans = (
        PhantomScan.objects.visible_to(request.actor)
        .select_related("study_site__site", "scanner", "plan", "decided_by")
        .order_by("number")
    )
    name = f"{request.study.code}-phantoms"
    return csv_response(name, phantoms.COLUMNS, phantoms.table(scans))


@study_view("phantom.send", methods=("POST",))
def start(request: StudyRequest) -> HttpResponse:
    """Open the draft of a phantom scan for a scanner."""
    try:
        site_id = UUID(request.POST.get("site", ""))
        scanner_id = UUID(request.POST.get("scanner", ""))
    except ValueError:
        raise RuleBroken("Choose the scanner of the phantom scan.", rule="PHM-010") from None
    site = fetch(StudySite, request.actor, site_id)
    scanner = Scanner.objects.filter(site=site.site_id, pk=scanner_id).first()
    if scanner is None:
        raise Http404
    scan = phantoms.start(site, scanner, request.POST.get("programme", ""), actor=request.actor)
    return redirect("phantom-scan", request.study.code, scan.pk)


# --- one scan -------------------------------------------------------------------------------


@study_view("phantom.view")
def page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one scan: its files and facts to complete, or its result.

    While it is measured the page asks again by itself, and is drawn anew when that is over.
    """
    row = fetched(request, pk)
    if request.headers.get("HX-Request"):
        over = row.state != "received" or _measuring_failed(row)
        return HttpResponse(status=204, headers={"HX-Refresh": "true"} if over else {})
    return shown(request, row, signing=request.GET.get("sign", ""))


def _measuring_failed(row: PhantomScan) -> bool:
    job = next((j for j in jobs.of(row) if j.kind == "imaging.phantom"), None)
    return job is not None and job.state in {"failed", "quarantined"}


def shown(
    request: StudyRequest,
    row: PhantomScan,
    *,
    errors: Sequence[str] = (),
    signing: str = "",
    unsaid: str = "",
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer with the page of a scan, perhaps with what was refused or why a reason is missing."""
    programme = phantoms.programme_of(row)
    steps = {step.name for step in PHANTOM_SCAN.open_steps(row, request.actor)}
    context: dict[str, Any] = {
        "row": row,
        "programme": programme,
        "crumbs": crumbs(request, str(row)),
        "steps": steps,
        "withdrawal": _withdrawal(request, row, unsaid) if "withdraw" in steps else None,
        "errors": errors,
        "history": sentences(_told(row)),
        "doubts": phantom_doubts(row),
        "signatures": shown_signatures(row),
        "outside": [f["label"] for f in row.figures if f["passed"] is False],
        "zone": person(request).time_zone,
    }
    if row.state == "draft" and request.actor.may("phantom.send"):
        return render(
            request,
            "imaging/phantom_draft.html",
            {**context, **_draft_context(request, row), "typed": typed or _said(row)},
            status=status,
        )
    signs = [
        _sign(request, row, name, errors if signing == name else ())
        for name, step in STEPS.items()
        if step in steps
    ]
    context |= {
        "signs": signs,
        "signing": signing,
        "decision_comment": (typed or {}).get("comment", row.decision_comment),
        "trends": _trends(row, programme.phantom),
        "job_failed": _measuring_failed(row),
    }
    return render(request, "imaging/phantom_scan.html", context, status=status)


def _withdrawal(request: StudyRequest, row: PhantomScan, unsaid: str) -> ReasonRequest:
    dialog = reason_request(
        WITHDRAW_PHANTOM,
        reverse("phantom-withdraw", args=[request.study.code, row.pk]),
        title=_("Withdraw %(row)s of %(scanner)s") % {"row": row, "scanner": row.scanner},
        effects=(
            ("wait", _("It is not measured; its files and this reason stay on record.")),
            ("good", _("The scanner stays as qualified as it is. Reads are not concerned.")),
        ),
    )
    return asked_again(dialog, request, unsaid) if unsaid else dialog


def _told(row: PhantomScan) -> Iterator[trail.Entry]:
    """Yield the history without what the figures beside it show anyway."""
    for entry in trail.entries(row):
        kept = tuple(c for c in entry.changes if c.field.partition(".")[0] not in _SHOWN)
        if kept or not entry.changes:
            yield replace(entry, changes=kept)


def _said(row: PhantomScan) -> dict[str, str]:
    """Return what a draft says so far, as its form shows it."""
    return {
        "scan_date": row.scan_date.isoformat() if row.scan_date else "",
        "occasion": row.occasion,
        "background": str(row.background_kbq_ml or ""),
        "spheres": str(row.sphere_kbq_ml or ""),
        "comment": row.comment,
    }


def _draft_context(request: StudyRequest, row: PhantomScan) -> dict[str, Any]:
    args = [request.study.code, row.pk]
    put_url = reverse("phantom-put", args=[*args, "0" * 64]).replace("0" * 64, "{sha256}")
    panel = UploadPanel(
        manifest_url=reverse("phantom-manifest", args=args),
        put_url=put_url,
        finish_url=reverse("phantom-finish", args=args),
        note=_("The series of the phantom as the scanner exported it. Up to 2,000 files, 2 GB."),
    )
    left = len(phantoms.missing(row))
    return {
        "upload": panel,
        "missing": left,
        "guards": PHANTOM_SCAN.guard_results(row, "send"),
        "occasions": PhantomScan.Occasion.choices,
        "today": clock.today(row.study_site.site.time_zone),
    }


def _sign(request: StudyRequest, row: PhantomScan, name: str, errors: Sequence[str]) -> SignRequest:
    title, meaning, label = DECISIONS[name]
    facts = [
        (_("Scanner"), f"{row.scanner}, {row.scanner.serial_number}"),
        (_("Site"), str(row.study_site)),
        (_("Phantom"), phantoms.programme_of(row).title),
    ]
    if row.decision_comment:
        facts.append((_("Comment"), row.decision_comment))
    return sign_request(
        request,
        row,
        dialog_id=f"sign-{name}",
        title=_(title),
        url=reverse("phantom-sign", args=[request.study.code, row.pk, name]),
        facts=facts,
        statement=_(phantoms.STATEMENTS[meaning]),
        consequence=_("The site is told. The figures cannot change any more."),
        label=_(label),
        errors=tuple(errors),
    )


def _trends(row: PhantomScan, phantom: str) -> list[dict[str, Any]]:
    found = []
    for metric in TRENDS[phantom]:
        figure = next((f for f in row.figures if f["metric"] == metric), None)
        points = phantoms.trend(row, metric)
        if figure is None or not points:
            continue
        limits = [
            (with_minus(f"{words} {figure[end]:g}"), figure[end], "stop")
            for end, words in (("lowest", _("lowest")), ("highest", _("highest")))
            if figure[end] is not None
        ]
        sentence = _("%(label)s over %(n)s scans, last %(value)s %(unit)s.") % {
            "label": figure["label"],
            "n": len(points),
            "value": number_words(points[-1][1], figure["digits"]),
            "unit": figure["unit"],
        }
        rounded = [(label, round(value, figure["digits"])) for label, value in points]
        found.append({"figure": figure, "points": rounded, "limits": limits, "sentence": sentence})
    return found


@study_view("phantom.view")
def picture(request: StudyRequest, pk: UUID, sha256: str) -> HttpResponse:
    """Serve the picture of a scan with its measured regions."""
    row = fetched(request, pk)
    if not sha256 or sha256 != row.picture_sha256:
        raise Http404
    tag = f'"{sha256}"'
    if request.headers.get("If-None-Match") == tag:
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(previews().read(sha256), content_type="image/jpeg")
    response["ETag"] = tag
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


# --- decisions ------------------------------------------------------------------------------


@study_view("phantom.decide", methods=("POST",))
def comment(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Keep the comment of the decision; with a decision, go on to its signature."""
    row = fetched(request, pk)
    try:
        kept = phantoms.comment(row, request.POST.get("comment", ""), actor=request.actor)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("phantom-scan", request.study.code, row.pk)
    decision = request.POST.get("decision", "")
    if decision not in DECISIONS:
        messages.success(request, _("Comment kept. Sign the decision when you are ready."))
        return redirect("phantom-scan", request.study.code, row.pk)
    missing = [g.text for g in PHANTOM_SCAN.guard_results(kept, STEPS[decision]) if not g.ok]
    if missing:
        return shown(request, fetched(request, pk), errors=missing, status=422)
    # By an address of its own: opened again or gone back to, nothing is sent a second time.
    address = reverse("phantom-scan", args=[request.study.code, row.pk])
    return redirect(f"{address}?sign={decision}")


@study_view("phantom.decide", methods=("POST",))
def sign(request: StudyRequest, pk: UUID, decision: str) -> HttpResponse:
    """Sign that the scanner passes or fails."""
    row = fetched(request, pk)
    if decision not in DECISIONS:
        raise Http404
    meaning = DECISIONS[decision][1]
    try:
        assent = proven(request, row, meaning=meaning, statement=phantoms.STATEMENTS[meaning])
        decided = phantoms.decide(
            row, passed=decision == "pass", actor=request.actor, assent=assent
        )
    except Refused as refused:
        now = fetched(request, pk)
        if now.state != "measured":
            messages.error(request, refused.message)
            return redirect("phantom-scan", request.study.code, row.pk)
        return shown(request, now, errors=(refused.message,), signing=decision, status=422)
    if decided.qualified_until:
        until = moments.day_words(decided.qualified_until)
        messages.success(request, _("The scanner is qualified until %s.") % until)
    else:
        messages.success(request, _("The scanner failed. The site sees why."))
    return redirect("phantom-scan", request.study.code, row.pk)


@study_view("phantom.decide", methods=("POST",))
def send_back(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Return a scan to the site with the reason."""
    row = fetched(request, pk)
    try:
        phantoms.return_to_site(row, actor=request.actor, reason=request.POST.get("reason", ""))
        messages.success(request, _("%s was returned to the site.") % row)
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("phantom-scan", request.study.code, row.pk)


@study_view("phantom.send", methods=("POST",))
def withdraw(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Withdraw a scan that was not measured."""
    row = fetched(request, pk)
    try:
        reason = reason_of(request, WITHDRAW_PHANTOM)
    except ReasonRequired as refused:
        return shown(request, row, unsaid=refused.message, status=422)
    phantoms.withdraw(row, actor=request.actor, reason=reason)
    messages.success(request, _("%s was withdrawn.") % row)
    return redirect("phantom-list", request.study.code)


@study_view("phantom.send", methods=("POST",))
def describe(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Keep what the site says about the scan; send it when asked to."""
    row = fetched(request, pk)
    try:
        phantoms.describe(
            row,
            scan_date=request.POST.get("scan_date", ""),
            occasion=request.POST.get("occasion", ""),
            background=request.POST.get("background", ""),
            spheres=request.POST.get("spheres", ""),
            comment=request.POST.get("comment", ""),
            actor=request.actor,
        )
        if request.POST.get("then") == "send":
            phantoms.send(fetched(request, pk), actor=request.actor)
            messages.success(request, _("%s was sent. It is measured now.") % row)
    except RuleBroken as refused:
        now = fetched(request, pk)
        return shown(request, now, errors=(refused.message,), typed=request.POST.dict(), status=422)
    except Conflict as conflict:
        messages.error(request, conflict.message)
    return redirect("phantom-scan", request.study.code, row.pk)
