"""The decisions of a design as clauses: what the charter says, what the platform does, what proves.

One row per decision. The charter text, the specification of the review application and the list of
changes between two versions are all made from these rows, so they cannot disagree with what runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reads.criteria import registry
from reads.criteria.parameters import Parameter
from reads.design.document import EVERYBODY, ReadDesign
from reads.design.dossiers import ONCOLOGY, TIME_POINT, images_come_first, is_shown
from reads.design.references import NUMBERS, PRESENTATION, listed, time_allowed, words

SECTIONS: Mapping[str, str] = {
    "introduction": "Introduction",
    "endpoints": "Imaging endpoints",
    "roles": "Roles of the imaging CRO, the readers and the sponsor",
    "schedule": "Imaging schedule",
    "assessment": "Assessment of the images",
    "clinical_data": "Clinical data",
    "performance": "Monitoring of reader performance",
    "reads": "Read management",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One decision of the charter.

    Attributes:
        key: its stable name; ``paths`` are the places of the document that it states.
        says: the clause's sentence for a design, "" when it has nothing to say.
        item: what of the platform carries it out.
        check: the rule that enforces it. test: the conformance case that shows it at release.
    """

    key: str
    section: str
    paths: tuple[str, ...]
    says: Callable[[ReadDesign], str]
    item: str
    check: str
    test: str


def _endpoints(design: ReadDesign) -> str:
    rows = [f"{one.name} ({one.level})" for one in design.endpoints]
    return f"The images serve {listed(rows)}." if rows else ""


def _criteria(design: ReadDesign) -> str:
    if not design.criteria:
        return "The study uses no response criterion; readers complete a form for each time point."
    rows = [f"{registry.get(key).title} ({registry.get(key).citation})" for key in design.criteria]
    return f"Response is assessed by {listed(rows)}, from one set of lesions."


def modifications(design: ReadDesign) -> list[tuple[str, Parameter, object]]:
    """Return the parameters that differ from their published value: title, parameter, value."""
    found: list[tuple[str, Parameter, object]] = []
    for key, settings in design.criteria.items():
        criterion = registry.get(key)
        options = criterion.options(settings)
        found += [
            (criterion.title, parameter, options[parameter.name])
            for parameter in criterion.parameters
            if options[parameter.name] != parameter.default
        ]
    return found


def _modifications(design: ReadDesign) -> str:
    rows = [
        f"{title}: {parameter.meaning} is {_shown(value)} {parameter.unit}".rstrip()
        for title, parameter, value in modifications(design)
    ]
    if not design.criteria:
        return ""
    if not rows:
        return "The criteria are used as published."
    return f"Protocol modifications: {'; '.join(rows)}."


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _readers(design: ReadDesign) -> str:
    who = "reader reads" if design.readers == 1 else "readers read, independently of each other,"
    return f"{NUMBERS[design.readers].capitalize()} {who} every time point of a subject."


def _adjudication(design: ReadDesign) -> str:
    rule = design.adjudication
    if not rule.variables:
        return "Reads are not adjudicated." if design.readers > 1 else ""
    choice = (
        "chooses one of the two reads"
        if rule.outcome == "choose"
        else "chooses one of the two reads or gives a third result"
    )
    where = "a time point" if rule.at == "time_point" else "the subject, after both global reviews,"
    return (
        f"Where the two reads of {where} differ in {listed([words(v) for v in rule.variables])}, "
        f"an adjudicator who has not read the subject {choice} and gives the reason. "
        f"The adjudicator sees {listed(list(rule.sees))} of both reads in random order, "
        "without names, times or durations."
    )


def _sessions(design: ReadDesign) -> str:
    rows = []
    if design.sessions.eligibility:
        rows.append(
            "An eligibility read answers whether the subject has measurable disease, within "
            f"{time_allowed(design, 'eligibility')}; its reader "
            + ("may" if design.sessions.eligibility_reader_may_read else "does not")
            + " read the subject for efficacy."
        )
    if design.sessions.preliminary_analysis:
        rows.append("Image operations prepare measurements, which the reader changes or approves.")
    if design.sessions.confirmation_of_progression:
        rows.append(
            "When a site asks for confirmation of progression, it is answered within "
            f"{time_allowed(design, 'confirmation')}; readers never see the site's opinion."
        )
    if design.sessions.global_review:
        rows.append(
            "After the last time point each reader reviews the subject as a whole: later responses "
            "may change with a reason, the choice of lesions at baseline may not."
        )
    return " ".join(rows)


def _oncology(design: ReadDesign) -> str:
    review = design.oncology_review
    if not review.is_wanted:
        return ""
    who = "One oncologist reviews" if review.readers == 1 else "Two oncologists review"
    beside = " with the clinical dossier" if is_shown(design, ONCOLOGY) else ""
    text = f"{who} the locked radiology read{beside} on the form “{review.form}”."
    if review.adjudicate_on:
        text += (
            f" A difference in {listed([words(v) for v in review.adjudicate_on])} is adjudicated."
        )
    return text


def _dossiers(design: ReadDesign) -> str:
    if design.dossiers == "never":
        return "Readers never see clinical data."
    at = {
        "time_point": "at each time point, and in the reviews that follow",
        "global_review": "at the global review only",
        "oncology_review": "to the oncologist only",
    }
    first = images_come_first(design, TIME_POINT) and is_shown(design, TIME_POINT)
    judged = " At a time point the images are judged first." if first else ""
    return f"The clinical dossier is shown {at[design.dossiers]}; each opening is recorded.{judged}"


def _batches(design: ReadDesign) -> str:
    rule, rows = design.batches, []
    if rule.size:
        rows.append(f"Reads are given in batches of {rule.size}.")
    if rule.minimal_interval_days:
        rows.append(
            f"The same case is not read again before {rule.minimal_interval_days} days have passed."
        )
    if rule.session_maximum:
        rows.append(f"A reader signs at most {rule.session_maximum} reads a day.")
    return " ".join(rows)


def _turnaround(design: ReadDesign) -> str:
    rows = [f"A read is signed within {time_allowed(design, 'read')}"]
    if design.sessions.global_review:
        rows.append(f"a global review within {time_allowed(design, 'global_review')}")
    if design.adjudicate_on:
        rows.append(f"an adjudication within {time_allowed(design, 'adjudication')}")
    if design.oncology_review.is_wanted:
        rows.append(f"an oncology review within {time_allowed(design, 'oncology_review')}")
    return f"{', '.join(rows)}, by the business calendar of the study."


def _stop_rules(design: ReadDesign) -> str:
    after = {
        "continue": "Time points after progression are read.",
        "stop_after_confirmed": "Nothing is read after confirmed progression.",
        "stop": "Nothing is read after progression.",
    }
    ends = {
        "read_received": "images received until then are read",
        "stop": "no further image is read",
    }
    rule = design.stop_rules
    return (
        f"{after[rule.after_progression]} After withdrawal, {ends[rule.after_withdrawal]}; "
        f"after death, {ends[rule.after_death]}."
    )


def _sampling(design: ReadDesign) -> str:
    rule = design.sampling
    if rule.percent == EVERYBODY:
        return ""
    text = f"A random sample of {rule.percent} % of the subjects is reviewed centrally."
    if rule.escalate_above_percent:
        text += (
            " All subjects are reviewed once central and local results differ in more than "
            f"{rule.escalate_above_percent} % of the sample."
        )
    return text


def _variability(design: ReadDesign) -> str:
    rule, rows = design.variability, []
    if rule.intra_percent:
        rows.append(f"{rule.intra_percent} % are read again by the same reader")
    if rule.inter_percent:
        rows.append(f"{rule.inter_percent} % by another reader")
    if not rows:
        return ""
    return (
        f"Of the signed reads {listed(rows)}, not before {rule.washout_days} days; these reads "
        "look like every other read."
    )


def _training(design: ReadDesign) -> str:
    rule = design.training
    if not rule.cases:
        return "A reader signs the charter before the first read."
    return (
        f"Before the first read, a reader reads {rule.cases} training cases and reaches "
        f"{rule.pass_mark_percent} % of the points."
    )


def _checks(design: ReadDesign) -> str:
    if not design.checks:
        return ""
    return f"Science checks every signed read by {len(design.checks)} rules of the check library."


def _truth(design: ReadDesign) -> str:
    if not design.truth:
        return ""
    return (
        f"Readers' results are compared with the standard of truth (form “{design.truth}”), which "
        "no reader sees; sensitivity and specificity are reported."
    )


CLAUSES: tuple[Clause, ...] = (
    Clause(
        key="endpoints",
        section="endpoints",
        paths=("endpoints",),
        says=_endpoints,
        item="Study overview, data cut",
        check="An endpoint names a criterion of the design",
        test="design.valid",
    ),
    Clause(
        key="criteria",
        section="assessment",
        paths=("criteria",),
        says=_criteria,
        item="eCRF responses, derivation traces",
        check="Derived response against entered response",
        test="criteria.vectors",
    ),
    Clause(
        key="modifications",
        section="assessment",
        paths=("criteria",),
        says=_modifications,
        item="Parameters of the criteria engines",
        check="Each value lies in its permitted range",
        test="criteria.parameters",
    ),
    Clause(
        key="form",
        section="assessment",
        paths=("form",),
        says=lambda d: f"Readers complete the eCRF “{d.form}”; its version is pinned per read.",
        item="eCRF beside the images",
        check="Every edit check of the form",
        test="form.checks",
    ),
    Clause(
        key="readers",
        section="reads",
        paths=("readers_per_subject",),
        says=_readers,
        item="Reader streams of a subject",
        check="A reader has one role per subject",
        test="reads.streams",
    ),
    Clause(
        key="presentation",
        section="reads",
        paths=("presentation",),
        says=lambda d: f"A reader is shown the time points {PRESENTATION[d.presentation]}.",
        item="Inbox, reading room, image access",
        check="What is not open does not exist for the reader",
        test="reads.presentation",
    ),
    Clause(
        key="blinding",
        section="reads",
        paths=("blinding",),
        says=lambda d: f"Readers are blinded by the profile “{d.blinding}”.",
        item="Images, labels and pages served to readers",
        check="No blinded item in any answer",
        test="reads.blinding",
    ),
    Clause(
        key="adjudication",
        section="reads",
        paths=("adjudication",),
        says=_adjudication,
        item="Adjudication cases",
        check="The adjudicator has not read the subject",
        test="reads.adjudication",
    ),
    Clause(
        key="sessions",
        section="reads",
        paths=("sessions",),
        says=_sessions,
        item="Tasks of the kinds named",
        check="Each kind opens when its conditions hold",
        test="reads.sessions",
    ),
    Clause(
        key="oncology_review",
        section="reads",
        paths=("oncology_review",),
        says=_oncology,
        item="Oncology review tasks",
        check="Opens after the radiology read is locked",
        test="reads.oncology",
    ),
    Clause(
        key="batches",
        section="reads",
        paths=("batches",),
        says=_batches,
        item="Inbox",
        check="No read opens beyond the limits",
        test="reads.batches",
    ),
    Clause(
        key="turnaround",
        section="reads",
        paths=("turnaround",),
        says=_turnaround,
        item="Due instants of tasks and cases",
        check="Every due instant names its source",
        test="reads.turnaround",
    ),
    Clause(
        key="stop_rules",
        section="reads",
        paths=("stop_rules",),
        says=_stop_rules,
        item="Planning of reads",
        check="No task after the stop",
        test="reads.stop",
    ),
    Clause(
        key="sampling",
        section="reads",
        paths=("sampling",),
        says=_sampling,
        item="Planning of reads",
        check="The sample follows from its seed",
        test="reads.sampling",
    ),
    Clause(
        key="dossiers",
        section="clinical_data",
        paths=("dossiers",),
        says=_dossiers,
        item="Dossier panel of the reading room",
        check="No dossier before its session",
        test="reads.dossiers",
    ),
    Clause(
        key="training",
        section="performance",
        paths=("training",),
        says=_training,
        item="Qualification of readers",
        check="No read without a qualification",
        test="readers.qualification",
    ),
    Clause(
        key="checks",
        section="performance",
        paths=("checks",),
        says=_checks,
        item="eCRF check runs",
        check="Each check has a failing and a passing example",
        test="checks.examples",
    ),
    Clause(
        key="variability",
        section="performance",
        paths=("variability",),
        says=_variability,
        item="Re-reads among live reads",
        check="No re-read before the wash-out",
        test="reads.variability",
    ),
    Clause(
        key="truth",
        section="performance",
        paths=("truth",),
        says=_truth,
        item="Comparison with the standard of truth",
        check="No reader can fetch the truth",
        test="reads.truth",
    ),
)
