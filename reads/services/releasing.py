"""Release of a read design: validation writes a report, signatures follow, then it holds.

A report names every requirement with its test and result and the digests of what was tested. It
lets exactly that content into use: a design or eCRF that changed since needs a report of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from accounts.signatures import Assent, signatures_of
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.jobs import enqueue
from audit.models import Job, record
from reads.design import design_from, problems
from reads.design.conformance import cases, engines
from reads.design.ecrf.probing import probe
from reads.design.ecrf.proofs import proofs
from reads.design.specification import requirements
from reads.models import ValidationReport
from reads.services import rehearsal
from reads.services.charters import KIND
from studies.forms.definition import Form
from studies.models import Configuration
from studies.services import configuration as service
from ui import paper

JOB = "reads.validate"
MEANING = "review of the validation"
PASSED, FAILED = "passed", "failed"


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement with its test and result."""

    number: str
    requirement: str
    test: str
    result: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way to the release: what is asked, and why it is not done."""

    key: str
    title: str
    is_done: bool
    detail: str


def ask(design: Configuration, *, actor: Actor) -> Job:
    """Ask for a validation of a design as it stands.

    Raises:
        RuleBroken: REL-001 the draft has problems; REL-002 its eCRF or blinding cannot be tested.
        NotPermitted: the actor may not edit configuration.
    """
    actor.require("configuration.edit")
    found = problems(design.document)
    if found:
        raise RuleBroken(f"Mend the charter first: {found[0]}.", rule="REL-001")
    form, blinding = parts_of(design)
    with transaction.atomic(), acting(actor):
        number = ValidationReport.objects.filter(design=design).count() + 1
        content = f"{design.digest}:{form.digest}:{blinding.digest}:{number}"
        key = f"{JOB}:{design.pk}:{hashlib.sha256(content.encode()).hexdigest()}"
        return enqueue(JOB, key=key, row=design, design_id=str(design.pk), asked_by=actor.name)


def parts_of(design: Configuration) -> tuple[Configuration, Configuration]:
    """Return the eCRF and the blinding profile with which a design is tested and will hold.

    Raises:
        RuleBroken: REL-002 one of them is missing or has problems.
    """
    document = design.document
    form = _part(design, Configuration.Kind.FORM, str(document.get("form", "")))
    blinding = _part(design, Configuration.Kind.BLINDING, str(document.get("blinding", "blinding")))
    found = proofs(form.document)
    if found:
        raise RuleBroken(f"Mend the eCRF “{form.title}” first: {found[0].sentence}", rule="REL-002")
    return form, blinding


def _part(design: Configuration, kind: str, key: str) -> Configuration:
    """Return the newest version that is not withdrawn: what will hold when it is released."""
    rows = Configuration.objects.in_study(design.study_id).filter(kind=kind, key=key)
    found = rows.exclude(state__in=("withdrawn", "superseded")).order_by("-version").first()
    if found is None:
        label = Configuration.Kind(kind).label.lower()
        raise RuleBroken(
            f"The charter names the {label} “{key}”, which this study does not have yet.",
            rule="REL-002",
        )
    made: Configuration = found
    return made


def validate(
    design: Configuration, *, actor: Actor, asked_by: str, job: str = ""
) -> ValidationReport:
    """Run every conformance case of a design and keep the report.

    Args:
        asked_by: the printed name of whoever asked. job: the id of the work, kept in the report.

    Raises:
        RuleBroken: REL-002 the eCRF or the blinding profile cannot be tested.
    """
    form, blinding = parts_of(design)
    lines = [*_clauses(design), *_engines(design), *_checks(form), *_script(design, form, blinding)]
    return _kept(
        design, (form, blinding), lines, actor=actor, said={"asked_by": asked_by, "job": job}
    )


def _clauses(design: Configuration) -> list[Line]:
    """Trace every clause to what carries it out; the tests named run with each build."""
    rows = requirements(design_from(design.document))
    return [
        Line(one.number, one.text, one.test, "traced", one.check)
        for one in rows
        if not one.test.startswith("criteria.check:")
    ]


def _engines(design: Configuration) -> list[Line]:
    keys = design_from(design.document).criteria
    return [
        Line(
            f"{one.criterion} {one.case}",
            "The engine derives what the published case expects.",
            f"criteria.vectors:{one.file}",
            PASSED if one.passed else FAILED,
            "; ".join(one.different) or f"{one.compared} values",
        )
        for one in cases(keys)
    ]


def _checks(form: Configuration) -> list[Line]:
    found = []
    read = Form.from_document(form.document)
    for check in read.checks:
        tried = probe(read, check)
        lacking = [
            words
            for words, scene in (
                ("never fired", tried.fires),
                ("never stayed silent", tried.silent),
            )
            if scene is None
        ]
        found.append(
            Line(
                check.id,
                check.message,
                f"form.check:{check.id}",
                PASSED if tried.is_proved else FAILED,
                "; ".join(lacking) or "fired once, silent once",
            )
        )
    return found


def _script(design: Configuration, form: Configuration, blinding: Configuration) -> list[Line]:
    return [
        Line(
            f"read.{one.key}",
            one.text,
            f"scripted.read:{one.key}",
            PASSED if one.passed else FAILED,
            one.detail,
        )
        for one in rehearsal.rehearse(design, form, blinding)
    ]


def _kept(
    design: Configuration,
    parts: tuple[Configuration, Configuration],
    lines: list[Line],
    *,
    actor: Actor,
    said: Mapping[str, str],
) -> ValidationReport:
    form, blinding = parts
    failed = [one for one in lines if one.result == FAILED]
    at = clock.now()
    facts: dict[str, Any] = {
        "study": design.study.code,
        "design": {"label": str(design), "digest": design.digest},
        "form": {"label": str(form), "digest": form.digest},
        "blinding": {"label": str(blinding), "digest": blinding.digest},
        "engines": engines(design_from(design.document).criteria),
        "lines": [asdict(one) for one in lines],
        "passed": sum(one.result == PASSED for one in lines),
        "failed": len(failed),
        "traced": sum(one.result == "traced" for one in lines),
        **said,
        "at": at.isoformat(),
    }
    digest = digest_of(facts)
    content = paper.pdf("reads/paper/validation.typ", {**facts, "digest": digest}, made_at=at)
    with transaction.atomic(), acting(actor):
        made = ValidationReport(
            study_id=design.study_id,
            design=design,
            form=form,
            design_digest=design.digest,
            form_digest=form.digest,
            passed=not failed,
            facts=facts,
            digest=digest,
            pdf=content,
            asked_by=said["asked_by"],
            at=at,
        )
        made.save()
        record(
            "configuration.validate",
            design,
            details={"result": PASSED if made.passed else FAILED, "digest": digest},
        )
    return made


def digest_of(facts: Mapping[str, Any]) -> str:
    """Return SHA-256 (hex) over the canonical JSON of a report's facts."""
    text = json.dumps(dict(facts), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def reports(design: Configuration) -> list[ValidationReport]:
    """Return the reports of a design's versions, newest first; the PDFs stay in the store."""
    rows = ValidationReport.objects.filter(study_id=design.study_id, design__key=design.key)
    return list(rows.defer("pdf").select_related("design", "form"))


def holding_report(design: Configuration) -> ValidationReport | None:
    """Return the newest report about charter, eCRF and blinding as they stand, None without one."""
    try:
        form, blinding = parts_of(design)
    except RuleBroken:
        return None
    return (
        ValidationReport.objects.filter(
            design=design,
            design_digest=design.digest,
            form_digest=form.digest,
            facts__blinding__digest=blinding.digest,
        )
        .defer("pdf")
        .order_by("-at")
        .first()
    )


def changed_since_report(design: Configuration) -> list[str]:
    """Return in words what differs from what the newest report was about; empty without one."""
    report = ValidationReport.objects.filter(design=design).defer("pdf").order_by("-at").first()
    if report is None:
        return []
    try:
        form, blinding = parts_of(design)
    except RuleBroken as lacking:
        return [lacking.message.rstrip(".")]
    return [
        f"{what} was {report.facts[name]['label']}, now it is {now}"
        for name, what, now in (
            ("design", "The charter", design),
            ("form", "The eCRF", form),
            ("blinding", "The blinding profile", blinding),
        )
        if report.facts[name]["digest"] != now.digest
    ]


def _since_words(design: Configuration) -> str:
    changed = changed_since_report(design)
    return f" Since the last validation: {'; '.join(changed)}." if changed else ""


def sign_report(report: ValidationReport, *, actor: Actor, assent: Assent) -> None:
    """Sign that a report was reviewed.

    Raises:
        NotPermitted: the actor may not sign configuration.
        RuleBroken: REL-003 the validation failed.
        Conflict: REL-004 the report is not about what stands now.
    """
    actor.require("configuration.sign")
    if not report.passed:
        raise RuleBroken("This validation failed. Mend what failed and validate again.",
                         rule="REL-003")  # fmt: skip
    held = holding_report(report.design)
    if held is None or held.pk != report.pk:
        words = f"A newer content or report stands. Look at that one.{_since_words(report.design)}"
        raise Conflict(words, rule="REL-004")
    with transaction.atomic(), acting(actor.acting_as("configuration.sign")):
        assent.bind(report)
        record("configuration.sign_validation", report.design, details={"digest": report.digest})


def is_reviewed(report: ValidationReport) -> bool:
    """Tell whether somebody signed a report and the signature still matches."""
    return any(one.valid for one in signatures_of(report))


def steps(design: Configuration) -> list[Step]:
    """Return the way of a design to its release, step by step, with what is missing."""
    found = problems(design.document)
    first = Step(
        "written", "The charter is written", not found, found[0] if found else "No problem found."
    )
    return [first, *_part_steps(design), *_report_steps(design), _signed(design), _held(design)]


def _part_steps(design: Configuration) -> list[Step]:
    made = []
    for kind, key, title in (
        (Configuration.Kind.FORM, design.document.get("form", ""), "The eCRF is effective"),
        (
            Configuration.Kind.BLINDING,
            design.document.get("blinding", "blinding"),
            "The blinding profile is effective",
        ),
    ):
        try:
            part = _part(design, kind, str(key))
        except RuleBroken as lacking:
            made.append(Step(kind, title, False, lacking.message))
            continue
        made.append(Step(kind, title, part.state == "effective",
                         f"{part}: {part.get_state_display().lower()}"))  # fmt: skip
    return made


def _report_steps(design: Configuration) -> list[Step]:
    report = holding_report(design)
    if report is None:
        detail = _since_words(design).strip() or "Nothing was validated yet."
        return [
            Step("validated", "The validation passed", False, detail),
            Step("reviewed", "The report is signed", False, "It follows the validation."),
        ]
    counts = f"{report.facts['passed']} passed, {report.facts['failed']} failed"
    reviewed = is_reviewed(report)
    return [
        Step("validated", "The validation passed", report.passed, counts),
        Step("reviewed", "The report is signed", reviewed, "Signed." if reviewed else "Not yet."),
    ]


def _signed(design: Configuration) -> Step:
    done = design.state in ("approved", "effective", "superseded")
    return Step("signed", "The charter is signed", done, design.get_state_display())


def _held(design: Configuration) -> Step:
    done = design.state == "effective"
    return Step("released", "The charter holds", done, "Released." if done else "Not yet.")


def require_releasable(design: Configuration) -> None:
    """Refuse the release of a design whose content has no passed and signed validation.

    Raises:
        RuleBroken: REL-005 there is no report about this content, REL-003 it failed, REL-006 it is
            not signed, REL-007 the eCRF or the blinding profile does not hold yet.
    """
    waiting = [one for one in _part_steps(design) if not one.is_done]
    if waiting:
        raise RuleBroken(f"Not released: {waiting[0].detail.rstrip('.')}.", rule="REL-007")
    report = holding_report(design)
    if report is None:
        raise RuleBroken(
            "Not released: this charter with this eCRF and blinding profile has not been "
            f"validated. Validate it first.{_since_words(design)}",
            rule="REL-005",
        )
    if not report.passed:
        failed = [one for one in report.facts["lines"] if one["result"] == FAILED]
        raise RuleBroken(
            f"Not released: the validation failed in {len(failed)} points, first "
            f"{failed[0]['number']}: {failed[0]['detail']}.",
            rule="REL-003",
        )
    if not is_reviewed(report):
        raise RuleBroken("Not released: nobody signed the validation report yet.", rule="REL-006")


def release(design: Configuration, *, actor: Actor) -> Configuration:
    """Let a signed and validated design hold; new reads carry it from now on.

    Raises:
        RuleBroken: see ``require_releasable``; REL-008 the charter is not signed.
    """
    if design.state != "approved":
        raise RuleBroken("Not released: the charter is not signed yet.", rule="REL-008")
    return service.make_effective(design, actor=actor)


__all__ = ["KIND", "ask", "release", "reports", "require_releasable", "steps", "validate"]
