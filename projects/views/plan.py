"""The project plan on pages: what it says, what a version changes, its form, YAML in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from audit.errors import Conflict, RuleBroken
from imaging.services.consent import CHOICES, IN_WORDS
from imaging.views.controlled import Pages
from projects.forms import zone_choices
from projects.plan import fields, service, words
from projects.views.configuration import dialog_of, sign_request
from reads.services.clocks import USUAL, plan_for
from studies.access import StudyRequest, study_view
from studies.models import Configuration
from studies.validation import problems_of
from studies.workflows import CONFIGURATION
from ui.records import FormError

PAGES = Pages(
    kind=Configuration.Kind.PLAN,
    route="plan",
    title="Project plan",
    noun="plan",
    in_review="In review",
)


@study_view("configuration.view")
def holding(request: StudyRequest) -> HttpResponse:
    """Show the plan that holds; without one, the newest version, or how to begin."""
    found = PAGES.holding(request)
    if found is None:
        may_edit = request.actor.may("configuration.edit")
        context = {"crumbs": PAGES.crumbs(request), "may_edit": may_edit}
        return render(request, "projects/plan_none.html", context)
    return _page(request, found)


@study_view("configuration.view")
def version(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one version: what it says and what it changes."""
    return _page(request, PAGES.fetched(request, pk))


def _page(request: StudyRequest, made: Configuration) -> HttpResponse:
    problems = problems_of(made.kind, made.document)
    standing = PAGES.standing(request, made)
    old = PAGES.wanted(request, made) or service.started_from(made)
    steps = [
        step
        for step in CONFIGURATION.open_steps(made, request.actor)
        if step.name not in {"supersede", "send_to_test"}
    ]
    return render(
        request,
        "projects/plan.html",
        {
            **standing,
            "problems": problems,
            "parts": [] if problems else _parts(request, made),
            "old": old,
            "others": [one for one in standing["versions"] if one.pk != made.pk],
            "changes": _changes(old, made) if old is not None and not problems else [],
            "may_edit": request.actor.may("configuration.edit"),
            "plain_steps": [s for s in steps if not s.needs_reason and s.name != "approve"],
            "reasoned_steps": [
                (step, dialog_of(request, made, step)) for step in steps if step.needs_reason
            ],
            "sign": sign_request(request, made)
            if any(step.name == "approve" for step in steps)
            else None,
        },
    )


def _changes(old: Configuration, new: Configuration) -> list[words.Change]:
    # An old version may be one that would not be taken today.
    return [] if problems_of(old.kind, old.document) else words.difference(
        old.document, new.document
    )  # fmt: skip


def _parts(request: StudyRequest, made: Configuration) -> list[dict[str, Any]]:
    """Return what the plan says by part; a clock that the charter sets is said beside it."""
    elsewhere = _elsewhere(request) if made.state == "effective" else {}
    found: dict[str, list[dict[str, Any]]] = {}
    for line in words.lines(made.document):
        clock = fields.clock_of(line.key[1]) if line.key[0] == "clock" else None
        note = clock.starts if clock else ""
        also = elsewhere.pop(line.key[1], "") if clock else ""
        row = {"what": line.what, "says": line.says, "note": note, "also": also}
        found.setdefault(line.part, []).append(row)
    unset = {
        clock.label: {
            "what": clock.label,
            "says": "",
            "note": clock.starts,
            "also": elsewhere.get(clock.name) or _("not set: %s") % clock.otherwise,
        }
        for clock in fields.CLOCKS
        if clock.name not in made.document["turnarounds"]
    }
    said = {row["what"]: row for row in found[words.TIMES]}
    known = [clock.label for clock in fields.CLOCKS]
    own = [row for label, row in said.items() if label not in known]
    found[words.TIMES] = [*((said | unset)[label] for label in known), *own]
    return [{"title": title, "lines": lines} for title, lines in found.items()]


def _elsewhere(request: StudyRequest) -> dict[str, str]:
    """Return the clocks that another document sets: clock to what holds and by which document."""
    try:
        plan = plan_for(request.study)
    except RuleBroken:
        return {}
    return {
        name: _("%(source)s sets %(time)s")
        % {"source": source, "time": words.amount_in_words(plan.turnarounds[name])}
        for name, source in plan.sources.items()
        if source != USUAL
    }


# --- the form -------------------------------------------------------------------------------------


@study_view("configuration.edit", methods=("POST",))
def start(request: StudyRequest) -> HttpResponse:
    """Open the draft of the next version, or go on with the open one."""
    made = service.start_draft(request.study, actor=request.actor)
    return redirect("plan-edit", request.study.code, made.pk)


@study_view("configuration.edit", methods=("GET", "POST"))
def edit(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show and save the form of a draft; what is wrong comes back beside what was typed."""
    made = PAGES.fetched(request, pk)
    if made.state != "draft":
        messages.info(request, _("%s is no draft any more; a change is a new version.") % made)
        return redirect("plan-version", request.study.code, made.pk)
    if request.method != "POST":
        typed = fields.typed_of(made.document)
        return _form(request, made, typed=typed, seen=made.digest)
    weekdays = request.POST.getlist("weekday")
    typed = {**request.POST.dict(), "weekday": weekdays}
    seen = request.POST.get("seen", "")
    try:
        saved, faults = service.save(
            made, request.POST, weekdays, seen_digest=seen, actor=request.actor
        )
    except Conflict:
        text = _(
            "Somebody else changed this draft meanwhile. Your values are kept below and not "
            "saved; look at theirs first. Saving again writes yours over theirs."
        )
        faults = [fields.Fault(text)]
        return _form(request, made, typed=typed, seen=made.digest, faults=faults, status=409)
    if faults:
        return _form(request, made, typed=typed, seen=seen, faults=faults, status=422)
    if "more" in request.POST:
        return redirect(f"{reverse('plan-edit', args=[request.study.code, pk])}#services")
    messages.success(request, _("%s is saved as a draft.") % saved)
    return redirect("plan-version", request.study.code, saved.pk)


def _form(
    request: StudyRequest,
    made: Configuration,
    *,
    typed: Mapping[str, Any],
    seen: str,
    faults: list[fields.Fault] | tuple[()] = (),
    status: int = 200,
) -> HttpResponse:
    wrong = {fault.anchor: fault.text for fault in faults if fault.anchor}
    clocks = fields.clocks_of(made.document)
    return render(
        request,
        "projects/plan_edit.html",
        {
            "made": made,
            "seen": seen,
            "typed": typed,
            "wrong": wrong,
            "errors": [FormError(text=fault.text, anchor=fault.anchor) for fault in faults],
            "zones": zone_choices(),
            "weekdays": [
                (number, name, str(number) in typed["weekday"])
                for number, name in enumerate(fields.WEEKDAYS)
            ],
            "clocks": [
                {
                    "clock": clock,
                    "amount": typed.get(f"{clock.name}-amount", ""),
                    "unit": typed.get(f"{clock.name}-unit", fields.DAYS),
                    "wrong": wrong.get(f"{clock.name}-amount", ""),
                }
                for clock in clocks
            ],
            "units": ((fields.DAYS, _("business days")), (fields.HOURS, _("hours"))),
            "consent": [
                {
                    "name": f"consent-{name}",
                    "label": words.CONSENT_WORDS[name],
                    "value": typed.get(f"consent-{name}", ""),
                    "choices": [(code, IN_WORDS[name, code]) for code in choices],
                }
                for name, choices in CHOICES.items()
            ],
            "services": _service_rows(typed, wrong),
            "clock_choices": [(clock.name, clock.label) for clock in clocks],
            "crumbs": PAGES.crumbs(request, PAGES.link(request, made), _("Edit")),
        },
        status=status,
    )  # fmt: skip


def _service_rows(typed: Mapping[str, Any], wrong: Mapping[str, str]) -> list[dict[str, Any]]:
    numbers = fields.service_numbers(typed)
    filled = [
        n for n in numbers
        if any(typed.get(f"service-{n}-{name}") for name in fields.SERVICE_FIELDS)
    ]  # fmt: skip
    spare = range(max(filled, default=-1) + 1, max(filled, default=-1) + 1 + fields.SPARE_ROWS)
    return [
        {
            "number": number,
            "wrong": [text for anchor, text in wrong.items()
                      if anchor.startswith(f"service-{number}-")],
            **{name: typed.get(f"service-{number}-{name}", "") for name in fields.SERVICE_FIELDS},
        }
        for number in [*filled, *spare]
    ]  # fmt: skip


# --- YAML -----------------------------------------------------------------------------------------


@study_view("configuration.view")
def export(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Send a version as YAML; reading it back gives the same plan."""
    made = PAGES.fetched(request, pk)
    return PAGES.sent(request, made, service.to_yaml(made))


@study_view("configuration.edit", methods=("GET", "POST"))
def import_text(request: StudyRequest) -> HttpResponse:
    """Take a plan from a YAML file or text; a bad one is shown with its faults, unchanged."""
    return PAGES.taken(
        request,
        take=lambda text: service.import_yaml(request.study, text, actor=request.actor),
        then=lambda made: redirect("plan-version", request.study.code, made.pk),
    )
