"""The register of readers and one reader's page: entry, contracts, absences, conflicts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.models import User
from accounts.permissions import Role
from accounts.sentences import sentences
from audit import clock
from audit.errors import Refused
from audit.trail import entries
from imaging.storage import deliveries
from reads.models import Onboarding, Reader, ReaderAbsence, ReaderConflict, ReaderContract
from reads.services import care, drawing, qualifying, register
from reads.workflows import READER, READER_CONTRACT
from studies.access import StudyRequest, study_view
from studies.models import Membership, Organisation, Site
from ui.moments import typed_day
from ui.records import Link
from ui.sheets import csv_response

#: reads of the history shown on a page
HISTORY = 30


class EntryForm(forms.Form):
    """What the register holds of a reader."""

    specialty = forms.CharField(max_length=80)
    country = forms.CharField(
        label="Country", max_length=2, min_length=2, help_text="Two letters, such as SE."
    )
    therapeutic_areas = forms.CharField(
        label="Therapeutic areas", required=False, help_text="Separated by commas."
    )
    languages = forms.CharField(required=False, help_text="Separated by commas.")
    pools = forms.CharField(required=False, help_text="Separated by commas.")
    licence_number = forms.CharField(label="Licence number", max_length=60, required=False)
    licence_authority = forms.CharField(label="Licensing authority", max_length=120, required=False)
    licence_until = forms.DateField(
        label="Licence valid until", required=False, widget=forms.DateInput({"type": "date"})
    )
    employer = forms.ModelChoiceField(Organisation.objects.none(), required=False)
    per_day = forms.IntegerField(label="Reads a day", min_value=1, max_value=200, initial=8)
    per_week = forms.IntegerField(label="Reads a week", min_value=1, max_value=1000, initial=30)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["employer"] = forms.ModelChoiceField(
            Organisation.objects.order_by("name"), required=False
        )

    def values(self) -> dict[str, Any]:
        """Return the cleaned values as the service takes them."""
        listed = ("therapeutic_areas", "languages", "pools")
        return {
            name: [part.strip().lower() for part in value.split(",") if part.strip()]
            if name in listed
            else value
            for name, value in self.cleaned_data.items()
        }


def _initial(reader: Reader) -> dict[str, Any]:
    return {
        name: ", ".join(value) if isinstance(value := getattr(reader, name), list) else value
        for name in EntryForm.base_fields
    }


def crumbs(request: StudyRequest, *more: str) -> tuple[Link, ...]:
    """Return the way to a page of readers."""
    here = reverse("reader-list", args=[request.study.code]) if more else ""
    return (
        Link(label=request.study.code, url=reverse("study-entry", args=[request.study.code])),
        Link(label="Readers", url=here),
        *(Link(label=one, url="") for one in more),
    )


@study_view("reader.view")
def reader_list(request: StudyRequest) -> HttpResponse:
    """List the register, with each reader's place in this study."""
    rows = _rows(request)
    area, pool = request.GET.get("area", ""), request.GET.get("pool", "")
    areas = sorted({one for row in rows for one in row["reader"].therapeutic_areas})
    pools = sorted({one for row in rows for one in row["reader"].pools})
    shown = [
        row
        for row in rows
        if (not area or area in row["reader"].therapeutic_areas)
        and (not pool or pool in row["reader"].pools)
    ]
    if request.GET.get("format") == "csv":
        return _as_csv(request, shown)
    manages = request.actor.may("reader.manage")
    return render(
        request,
        "reads/readers/list.html",
        {
            "rows": shown,
            "areas": areas,
            "pools": pools,
            "manages": manages,
            "warnings": _warnings(request),
            "candidates": _not_registered() if manages else [],
            "form": EntryForm(),
            "crumbs": crumbs(request),
        },
    )


def _rows(request: StudyRequest) -> list[dict[str, Any]]:
    onboardings = {
        row.reader_id: row
        for row in Onboarding.objects.visible_to(request.actor).exclude(state="stopped")
    }
    readers = Reader.objects.select_related("user", "employer").prefetch_related(
        "contracts", "absences"
    )
    today = clock.today()
    rows = []
    for reader in readers.order_by("user__printed_name"):
        held = [c for c in reader.contracts.all() if c.state == "signed"]
        holding = [c for c in held if c.valid_from <= today <= c.valid_until]
        away = [a for a in reader.absences.all() if a.cancelled_on is None and a.last_day >= today]
        rows.append(
            {
                "reader": reader,
                "onboarding": onboardings.get(reader.pk),
                "contract": max(holding, key=lambda c: c.valid_until, default=None),
                "absence": min(away, key=lambda a: a.first_day, default=None),
            }
        )
    return rows


def _warnings(request: StudyRequest) -> list[str]:
    try:
        configuration, _ = qualifying.effective_design(request.study)
        return drawing.ending_soon(request.study, configuration)
    except Refused:  # no charter or plan yet: nobody is given reads
        return []


def _not_registered() -> list[User]:
    held = Membership.objects.filter(role__in=(Role.CENTRAL_READER, Role.ADJUDICATOR))
    return list(
        User.objects.filter(pk__in=held.values("user_id"), is_active=True)
        .filter(reader=None)
        .order_by("printed_name")
    )


REGISTER_COLUMNS = (
    "name", "specialty", "areas", "languages", "pools", "country", "per_day",
    "per_week", "state", "contract_until", "stage",
)  # fmt: skip


def _as_csv(request: StudyRequest, rows: list[dict[str, Any]]) -> HttpResponse:
    lines: list[tuple[Any, ...]] = []
    for row in rows:
        reader, contract, onboarding = row["reader"], row["contract"], row["onboarding"]
        lines.append(
            (
                reader.user.printed_name,
                reader.specialty,
                "; ".join(reader.therapeutic_areas),
                "; ".join(reader.languages),
                "; ".join(reader.pools),
                reader.country,
                reader.per_day,
                reader.per_week,
                reader.state,
                contract.valid_until if contract else "",
                onboarding.state if onboarding else "",
            )
        )
    return csv_response(f"{request.study.code}_readers", REGISTER_COLUMNS, lines)


@study_view("reader.manage", methods=("POST",))
def reader_enter(request: StudyRequest) -> HttpResponse:
    """Enter somebody who holds a reader's role in the register."""
    form = EntryForm(request.POST)
    user = _chosen(User.objects.all(), request, "user")
    if user is None or not form.is_valid():
        problems = "; ".join(f"{form.fields[k].label or k}: {v[0]}" for k, v in form.errors.items())
        messages.error(request, f"Nobody was entered. {problems or 'Choose the person.'}")
        return redirect("reader-list", request.study.code)
    try:
        made = register.enter(user, form.values(), actor=request.actor)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("reader-list", request.study.code)
    messages.success(request, f"{made} is in the register.")
    return redirect("reader-page", request.study.code, made.pk)


def find_reader(pk: UUID) -> Reader:
    """Return an entry of the register.

    Raises:
        Http404: there is none.
    """
    found = Reader.objects.select_related("user", "employer").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@study_view("reader.view")
def reader_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a reader."""
    return _page(request, find_reader(pk))


def _page(
    request: StudyRequest, reader: Reader, form: EntryForm | None = None, status: int = 200
) -> HttpResponse:
    today = clock.today()
    return render(
        request,
        "reads/readers/page.html",
        {
            "reader": reader,
            "form": form or EntryForm(initial=_initial(reader)),
            "manages": request.actor.may("reader.manage"),
            "contracts": [
                (one, READER_CONTRACT.open_steps(one, request.actor))
                for one in reader.contracts.all()
            ],
            "steps": READER.open_steps(reader, request.actor),
            "absences": reader.absences.order_by("-first_day"),
            "conflicts": reader.conflicts.select_related("site", "organisation"),
            "onboarding": Onboarding.objects.visible_to(request.actor)
            .filter(reader=reader)
            .order_by("-created_at")
            .first(),
            "kinds": ReaderConflict.Kind.choices,
            "sites": Site.objects.order_by("name"),
            "organisations": Organisation.objects.order_by("name"),
            "work": [(kind, kind.replace("_", " ")) for kind in register.WORK],
            "today": today,
            "sentences": sentences(entries(reader, *reader.contracts.all(), limit=HISTORY)),
            "crumbs": crumbs(request, str(reader)),
        },
        status=status,
    )


@study_view("reader.view")
def reader_cv(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Send the CV on file."""
    reader = find_reader(pk)
    if not reader.cv_sha256:
        raise Http404
    with deliveries().open(reader.cv_sha256) as held:
        response = HttpResponse(held.read(), content_type="application/pdf")
    response["Content-Disposition"] = 'attachment; filename="cv.pdf"'
    return response


@study_view("reader.manage", methods=("POST",))
def reader_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Do one act on a reader: change the entry, file a CV, contract, absence, conflict, state."""
    reader = find_reader(pk)
    act = request.POST.get("act", "")
    if act == "change":
        form = EntryForm(request.POST)
        if not form.is_valid():
            return _page(request, reader, form, status=422)
    if act not in _ACTS:
        messages.error(request, "Nothing was changed. Choose what to do.")
        return redirect("reader-page", request.study.code, reader.pk)
    try:
        done = _ACTS[act](request, reader)
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
    except ValueError:
        messages.error(request, "Nothing was changed. A date is missing or wrong.")
    else:
        messages.success(request, done)
    return redirect("reader-page", request.study.code, reader.pk)


def _chosen(rows: Any, request: StudyRequest, name: str) -> Any:
    """Return the row that a form names, None where it names none."""
    try:
        return rows.filter(pk=UUID(request.POST.get(name, ""))).first()
    except ValueError:
        return None


def _day(request: StudyRequest, name: str) -> date:
    return typed_day(request.POST.get(name, ""))


def _change(request: StudyRequest, reader: Reader) -> str:
    form = EntryForm(request.POST)
    form.full_clean()
    reason = request.POST.get("reason", "")
    register.change(reader, form.values(), actor=request.actor, reason=reason)
    return "The entry is changed."


def _cv(request: StudyRequest, reader: Reader) -> str:
    file = request.FILES.get("file")
    content = file.read(register.LARGEST_CV + 1) if file else b""
    name = file.name or "cv.pdf" if file else ""
    register.file_cv(reader, name, content, _day(request, "dated"), actor=request.actor)
    return "The CV is on file."


def _absence(request: StudyRequest, reader: Reader) -> str:
    register.plan_absence(
        reader,
        _day(request, "first"),
        _day(request, "last"),
        actor=request.actor,
        note=request.POST.get("note", ""),
    )
    return "The absence is in the calendar; no new reads are given in it."


def _cancel_absence(request: StudyRequest, reader: Reader) -> str:
    found = _chosen(ReaderAbsence.objects.filter(reader=reader), request, "row")
    if found is None:
        raise Http404
    register.cancel_absence(found, actor=request.actor, reason=request.POST.get("reason", ""))
    return "The absence is cancelled."


def _conflict(request: StudyRequest, reader: Reader) -> str:
    site = _chosen(Site.objects.all(), request, "site")
    organisation = _chosen(Organisation.objects.all(), request, "organisation")
    register.declare_conflict(
        reader,
        request.POST.get("kind", ""),
        actor=request.actor,
        site=site,
        organisation=organisation,
        note=request.POST.get("note", ""),
    )
    return "The conflict is declared; subjects of these sites are not given to the reader."


def _end_conflict(request: StudyRequest, reader: Reader) -> str:
    found = _chosen(ReaderConflict.objects.filter(reader=reader), request, "row")
    if found is None:
        raise Http404
    register.end_conflict(found, actor=request.actor, reason=request.POST.get("reason", ""))
    return "The conflict has ended."


def _contract(request: StudyRequest, reader: Reader) -> str:
    made = register.draft_contract(
        reader,
        number=request.POST.get("number", ""),
        valid_from=_day(request, "valid_from"),
        valid_until=_day(request, "valid_until"),
        currency=request.POST.get("currency", ""),
        rates={kind: request.POST.get(f"rate.{kind}", "") for kind in register.WORK},
        actor=request.actor,
    )
    return f"Contract {made} is drafted."


def _move_contract(request: StudyRequest, reader: Reader) -> str:
    found = _chosen(ReaderContract.objects.filter(reader=reader), request, "row")
    step = request.POST.get("step", "")
    if found is None or step not in {s.name for s in READER_CONTRACT.steps}:
        raise Http404
    moved = register.move_contract(
        found, step, actor=request.actor, reason=request.POST.get("reason", "")
    )
    return f"Contract {moved}: {moved.get_state_display().lower()}."


def _move(request: StudyRequest, reader: Reader) -> str:
    step = request.POST.get("step", "")
    if step not in {s.name for s in READER.steps}:
        raise Http404
    moved, number = care.move(
        reader, step, actor=request.actor, reason=request.POST.get("reason", "")
    )
    word = "went on" if step == "resume" else "are on hold"
    return f"{moved}: {moved.get_state_display().lower()}; {number} reads {word}."


_ACTS: dict[str, Callable[[StudyRequest, Reader], str]] = {
    "change": _change,
    "cv": _cv,
    "absence": _absence,
    "cancel_absence": _cancel_absence,
    "conflict": _conflict,
    "end_conflict": _end_conflict,
    "contract": _contract,
    "move_contract": _move_contract,
    "move": _move,
}
