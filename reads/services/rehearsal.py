"""Scripted reads of a design through the real services, in a study that nobody will ever find.

A study, a site, a subject, readers and an adjudicator are made, the design and its forms become
effective in it, visits become ready, readers read and sign, the read desk settles. Then the whole
transaction is taken back: no row, event or signature of it remains, in the study or elsewhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import Role
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import NotPermitted, Refused, RuleBroken
from imaging.models import ReadPackage
from imaging.services import package
from reads.design import ReadDesign, design_from, versions_of
from reads.design.ecrf.filling import NotCompletable, Script, completed
from reads.models import Acceptance, AdjudicationCase, ReadSession, ReadTask
from reads.services import planning, qualifying, reading, settling
from reads.services.stopping import is_in_sample
from studies.actors import actor_for
from studies.models import (
    Configuration,
    Organisation,
    ProtocolVersion,
    Site,
    Study,
    StudySite,
    Subject,
    TimePoint,
    TimePointDefinition,
)
from studies.scoping import scope
from studies.services import people, subjects
from studies.services.configuration import effective, make_effective
from studies.services.forms import form_of
from studies.workflows import CONFIGURATION, PROTOCOL_VERSION, STUDY, STUDY_SITE, TIME_POINT

NAME = "Validation"
VISITS = (("baseline", "Baseline", 0, True), ("week8", "Week 8", 56, False),
          ("week16", "Week 16", 112, False))  # fmt: skip
#: longest diameter in mm by visit for reader 1 and reader 2: the same twice, then stable disease
#: against a partial response (−25 % and −37.5 % from 40 mm; RECIST 1.1 section 4.3.1)
SIZES = ((40, 40), (30, 30), (30, 25))
ROWS: dict[str, list[dict[str, Any]]] = {
    "target.lesions": [{"label": "T01", "location": "LIVER", "detail": "segment 7"}],
    "non_target.lesions": [{"label": "NT01", "location": "PLEURA"}],
}
SAID: dict[str, Any] = {"target.none": False, "non_target.none": False, "new.any": False}
CANDIDATES = 400


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scripted step: what must happen, and whether it did."""

    key: str
    text: str
    passed: bool
    detail: str = ""


def rehearse(design: Configuration, form: Configuration, blinding: Configuration) -> list[Outcome]:
    """Play the scripted reads of a design; nothing remains of them."""
    with transaction.atomic():
        outcomes = list(_played(design, form, blinding))
        transaction.set_rollback(True)
    return outcomes


def _played(
    design: Configuration, form: Configuration, blinding: Configuration
) -> Iterator[Outcome]:
    desk = service(NAME)
    try:
        with acting(desk):
            stage = _Stage.built(design, form, blinding, desk)
    except (Refused, ValueError) as error:
        yield Outcome("stage", "The design can be put into use in a study.", False, str(error))
        return
    yield Outcome("stage", "The design can be put into use in a study.", True)
    with scope(stage.study):
        for play in (_sequence, _reads, _immutable, _unqualified):
            try:
                with transaction.atomic():
                    found = list(play(stage))
            except (Refused, NotCompletable, ValueError) as error:
                name = play.__name__.strip("_")
                yield Outcome(name, TEXTS[name], False, str(error))
                return
            yield from found


TEXTS = {
    "sequence": "A reader sees a later time point only when the charter lets it be seen.",
    "reads": "Scripted readers complete, review and sign the eCRF at every time point.",
    "immutable": "A signed read cannot be changed any more.",
    "unqualified": "Whoever is not qualified for this version sees no read and cannot sign.",
}


@dataclass
class _Stage:
    """The study of the rehearsal and who plays in it."""

    study: Study
    design: ReadDesign
    configuration: Configuration
    form: Configuration
    desk: Actor
    readers: list[User] = field(default_factory=list)
    adjudicator: User | None = None
    stranger: User | None = None
    points: list[TimePoint] = field(default_factory=list)
    signed: dict[tuple[str, int], ReadSession] = field(default_factory=dict)

    @classmethod
    def built(
        cls, design: Configuration, form: Configuration, blinding: Configuration, desk: Actor
    ) -> _Stage:
        """Make the study, its people, its configuration, and a subject whose visits are ready."""
        study = _study(design.study)
        desk = service(NAME, study_id=study.pk)
        with scope(study), acting(desk):
            scientist = _person("scientist", Role.SCIENTIFIC, study, desk)
            plan = effective(design.study_id, Configuration.Kind.PLAN)
            made = [_copied(one, study, scientist, desk) for one in (plan, form, blinding, design)]
            read = design_from(design.document)
            stage = cls(study, read, made[3], made[1], desk)
            stage.stranger = _person("stranger", Role.CENTRAL_READER, study, desk)
            for number in range(read.readers):
                person = _person(f"reader {number + 1}", Role.CENTRAL_READER, study, desk)
                qualifying.qualify(person, study, actor=desk)
                stage.readers.append(person)
            stage.adjudicator = _person("adjudicator", Role.ADJUDICATOR, study, desk)
            subject = _subject(study, read, desk)
            stage.points = sorted(
                subject.time_points.all(), key=lambda one: one.planned_date or clock.today()
            )
            for point in stage.points:
                _make_ready(point, desk)
            planning.plan_reads(subject, actor=desk)
        return stage

    def actor(self, user: User) -> Actor:
        """Return a person of the rehearsal as actor."""
        found = actor_for(user, self.study)
        if found is None:
            raise RuleBroken("A scripted person has no role.", rule="REL-009")
        return found

    def task(self, reader: User, sequence: int) -> ReadTask:
        """Return the task of a reader at a time point."""
        found: ReadTask = ReadTask.objects.get(
            stream__reader=reader, stream__purpose="efficacy", sequence=sequence, kind="time_point"
        )
        return found


def _study(origin: Study) -> Study:
    made = Study(
        programme=origin.programme,
        sponsor=origin.sponsor,
        code=f"VALIDATION-{secrets.token_hex(4)}",
        title="Scripted reads",
        protocol_number=origin.protocol_number,
        phase=origin.phase,
        indication=origin.indication,
        time_zone=origin.time_zone,
    )
    made.save()
    return made


def _person(name: str, role: str, study: Study, desk: Actor) -> User:
    user = User.objects.create_user(
        f"{secrets.token_hex(8)}@validation.invalid",
        None,
        printed_name=f"Scripted {name}",
        organisation_name=NAME,
        time_zone=study.time_zone,
        identity_verified_at=clock.now(),
        identity_verified_by=NAME,
        identity_verified_how="scripted",
    )
    people.grant_role(user, role, study=study, actor=desk)
    return user


def _assent(user: User, study: Study, meaning: str) -> Assent:
    """Return a scripted will to sign; it is bound to rows that are taken back in any case."""
    actor = actor_for(user, study)
    if actor is None:
        raise RuleBroken("A scripted person has no role.", rule="REL-009")
    return Assent(actor, meaning, f"Scripted: {meaning}.", "validation script")


def _copied(one: Configuration, study: Study, scientist: User, desk: Actor) -> Configuration:
    made = Configuration(
        study=study,
        kind=one.kind,
        key=one.key,
        version=one.version,
        title=one.title,
        document=one.document,
    )
    made.save()
    CONFIGURATION.move(made, "send_to_review", actor=desk)
    signer = actor_for(scientist, study)
    if signer is None:
        raise RuleBroken("A scripted person has no role.", rule="REL-009")
    CONFIGURATION.move(made, "approve", actor=signer, assent=_assent(scientist, study, "approval"))
    return make_effective(made, actor=desk)


def _subject(study: Study, design: ReadDesign, desk: Actor) -> Subject:
    hospital = Organisation(name=f"Scripted hospital {study.code}", kind="hospital")
    hospital.save()
    site = Site(
        organisation=hospital, name="Scripted site", city="Nowhere", country="CH", time_zone="UTC"
    )
    site.save()
    study_site = StudySite(study=study, site=site, number="001")
    study_site.save()
    study_site = STUDY_SITE.move(study_site, "activate", actor=desk)
    protocol = ProtocolVersion(
        study=study, number="1.0", effective_from=clock.today(), summary="scripted"
    )
    protocol.save()
    for code, label, day, is_baseline in VISITS:
        TimePointDefinition(
            study=study,
            protocol_version=protocol,
            code=code,
            label=label,
            offset_days=day,
            window_before=7,
            window_after=7,
            is_baseline=is_baseline,
            modalities=["CT"],
        ).save()
    for name in ("send_to_review", "approve", "make_effective"):
        PROTOCOL_VERSION.move(protocol, name, actor=desk, reason="scripted")
    STUDY.move(study, "open", actor=desk, reason="scripted")
    for number in range(CANDIDATES):
        made = subjects.register_subject(
            study_site,
            code=f"001-{number + 1:03d}",
            anchors={"enrolment": clock.today()},
            actor=desk,
            source="site",
        )
        subjects.enrol(made, actor=desk)
        if is_in_sample(made, design):
            return made
    raise RuleBroken("No subject falls into the sample that the charter draws.", rule="REL-010")


def _make_ready(point: TimePoint, desk: Actor) -> None:
    point = TIME_POINT.move(
        point, "receive", actor=desk, changes={"assessment_date": point.planned_date}
    )
    for name in ("start_qc", "accept"):
        TIME_POINT.move(point, name, actor=desk)
    built = ReadPackage(
        study=point.study, time_point=point, digest=package.content_digest([], "1x1")
    )
    built.save()
    package.release(built, actor=desk)
    TIME_POINT.move(point, "make_ready", actor=desk)


# The script


def _sequence(stage: _Stage) -> Iterator[Outcome]:
    reader = stage.readers[0]
    later = stage.task(reader, 2)
    together = stage.design.presentation.startswith("simultaneous")
    opened = True
    with transaction.atomic():
        try:
            reading.open_session(later, actor=stage.actor(reader))
        except NotPermitted:
            opened = False
        transaction.set_rollback(True)
    words = "open at once" if together else "closed until the first is signed"
    yield Outcome("sequence", TEXTS["sequence"], opened is together, f"Time point 2 is {words}.")


def _reads(stage: _Stage) -> Iterator[Outcome]:
    start = clock.now()
    pause = stage.design.batches.minimal_interval_days + 1 if _is_limited(stage.design) else 0
    for sequence, sizes in enumerate(SIZES, start=1):
        for number, reader in enumerate(stage.readers):
            with clock.shifted_to(start + timedelta(days=pause * sequence)):
                _read(stage, reader, sequence, sizes[number])
        # After a charter's limit of readers the read desk decides.
        point = stage.points[sequence - 1]
        settling.settle(point, actor=stage.desk)
        yield _settled(stage, sequence)
    yield Outcome("reads", TEXTS["reads"], True, f"{len(stage.signed)} reads were signed.")
    yield _pinned(stage)
    if stage.design.criteria:
        yield _derived(stage)


def _is_limited(design: ReadDesign) -> bool:
    limits = design.batches
    return bool(limits.size or limits.minimal_interval_days or limits.session_maximum)


def _read(stage: _Stage, reader: User, sequence: int, size: int) -> None:
    actor = stage.actor(reader)
    session = reading.open_session(stage.task(reader, sequence), actor=actor)
    held = [session]

    def evaluate(answers: dict[str, Any]) -> Any:
        version = held[0].form_record.version
        held[0] = reading.save(held[0], answers, seen_version=version, actor=actor)
        return reading.look(held[0], final=True).evaluation

    script = Script(size_mm=Decimal(size), rows=ROWS if sequence == 1 else {}, said=SAID)
    completed(form_of(session.form_record.form), session.form_record.answers, evaluate, script)
    reading.review(held[0], actor=actor)
    stage.signed[(str(reader.pk), sequence)] = reading.sign(
        held[0], actor=actor, assent=_assent(reader, stage.study, "read")
    )


def _settled(stage: _Stage, sequence: int) -> Outcome:
    point = stage.points[sequence - 1]
    differ = SIZES[sequence - 1][0] != SIZES[sequence - 1][1]
    compared = stage.design.adjudicate_on and stage.design.adjudication.at == "time_point"
    case = AdjudicationCase.objects.filter(time_point=point).first()
    if stage.design.readers > 1 and stage.design.adjudication.at == "subject":
        return Outcome(
            f"settled.{sequence}",
            f"Time point {sequence} waits for the comparison over the subject.",
            case is None,
        )
    if differ and stage.design.readers > 1 and compared and stage.design.criteria:
        return _adjudicated(stage, point, case, sequence)
    accepted = Acceptance.objects.filter(time_point=point).first()
    basis = "single" if stage.design.readers == 1 else "agreement"
    text = f"Time point {sequence}: the read counts ({basis})."
    passed = case is None and accepted is not None and accepted.basis == basis
    return Outcome(f"settled.{sequence}", text, passed)


def _adjudicated(
    stage: _Stage, point: TimePoint, case: AdjudicationCase | None, sequence: int
) -> Outcome:
    text = (
        f"Time point {sequence}: readers differ, a case is opened, the adjudicator's choice counts."
    )
    watched = set(stage.design.adjudicate_on)
    if case is None:
        # A rule that looks at nothing in which the scripted readers differ opens no case.
        silent = not watched & {"overall_response", "target_response"}
        accepted = Acceptance.objects.filter(time_point=point, basis="agreement").exists()
        return Outcome(f"settled.{sequence}", text, silent and accepted)
    if stage.adjudicator is None:
        return Outcome(f"settled.{sequence}", text, False)
    actor = stage.actor(stage.adjudicator)
    case = settling.claim(case, actor=actor)
    settling.draft_choice(case, choice="A", reason="Scripted choice.", actor=actor)
    case.refresh_from_db()
    case = settling.sign_case(
        case, actor=actor, assent=_assent(stage.adjudicator, stage.study, "adjudication")
    )
    settling.accept_adjudicated(case, actor=stage.desk)
    accepted = Acceptance.objects.filter(time_point=point, basis="adjudication").exists()
    names = ", ".join(sorted({one["variable"].replace("_", " ") for one in case.variables}))
    return Outcome(f"settled.{sequence}", text, accepted, f"They differ in {names}.")


def _pinned(stage: _Stage) -> Outcome:
    wanted = versions_of(stage.design)
    passed = all(
        session.task.design_id == stage.configuration.pk
        and session.task.form_id == stage.form.pk
        and session.form_record.form_id == stage.form.pk
        and session.task.criteria == wanted
        for session in stage.signed.values()
    )
    text = "Every read is pinned to the versions of design, eCRF and engines."
    return Outcome("pinned", text, passed, ", ".join(f"{k} {v}" for k, v in wanted.items()))


def _derived(stage: _Stage) -> Outcome:
    lacking = [
        f"{session.task.stream.role} time point {session.task.sequence}: {key}"
        for session in stage.signed.values()
        for key in stage.design.criteria
        if not session.assessments.filter(criterion=key).exists()
    ]
    text = "Every criterion of the design derived its responses and was kept with each read."
    return Outcome("derived", text, not lacking, "; ".join(lacking))


def _immutable(stage: _Stage) -> Iterator[Outcome]:
    reader = stage.readers[0]
    session = stage.signed[(str(reader.pk), 1)]
    session.refresh_from_db()
    record = session.form_record
    yield _refused(
        "immutable",
        lambda: reading.save(
            session, {"quality": {}}, seen_version=record.version, actor=stage.actor(reader)
        ),
    )


def _unqualified(stage: _Stage) -> Iterator[Outcome]:
    stranger = stage.stranger
    if stranger is None:
        return
    task = stage.task(stage.readers[0], 1)
    yield _refused("unqualified", lambda: reading.open_session(task, actor=stage.actor(stranger)))


def _refused(key: str, act: Callable[[], object]) -> Outcome:
    try:
        with transaction.atomic():
            act()
    except Refused as refused:
        return Outcome(key, TEXTS[key], True, refused.message)
    return Outcome(key, TEXTS[key], False, "The act was not refused.")
