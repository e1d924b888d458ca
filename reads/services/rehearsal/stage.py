"""The study of a rehearsal: made by the real services, in a transaction that is taken back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from accounts.models import User
from accounts.permissions import Role
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import RuleBroken
from imaging.models import ReadPackage
from imaging.services import package
from reads.design import ReadDesign, design_from
from reads.design.ecrf.filling import Script, completed
from reads.design.session_forms import forms_of
from reads.models import AdjudicationCase, Reader, ReadSession, ReadTask
from reads.services import planning, qualifying, reading, settling
from reads.services.rehearsal.script import NAME, VISITS
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

CANDIDATES = 400


@dataclass
class Stage:
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
    subject: Subject | None = None
    #: keys of the session forms that are the study's own, not the platform's
    own_forms: frozenset[str] = frozenset()
    #: sessions read so far: each lies as many days after the one before as the charter asks
    turn: int = 0

    @classmethod
    def built(
        cls, design: Configuration, form: Configuration, blinding: Configuration, desk: Actor
    ) -> Stage:
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
            for number in range(read.readers + read.sessions.eligibility):
                stage.readers.append(_reader(f"reader {number + 1}", study, desk))
            stage.adjudicator = _person("adjudicator", Role.ADJUDICATOR, study, desk)
            if read.oncology_review.is_wanted:
                for number in range(read.oncology_review.readers):
                    _enter_oncologist(_reader(f"oncologist {number + 1}", study, desk))
            stage.own_forms = _session_forms(design.study, read, study, scientist, desk)
            stage.subject = _subject(study, read, desk)
            stage.points = sorted(
                stage.subject.time_points.all(), key=lambda one: one.planned_date or clock.today()
            )
            for point in stage.points:
                _make_ready(point, desk)
            if not read.sessions.eligibility:
                stage.enrol()
        return stage

    def enrol(self) -> None:
        """Enrol the subject and give it its readers; the services decide whether that is allowed.

        Raises:
            Refused: imaging does not allow the enrolment.
        """
        if self.subject is None:
            raise RuleBroken("The rehearsal has no subject.", rule="REL-010")
        subjects.enrol(self.subject, actor=self.desk)
        self.subject.refresh_from_db()
        planning.plan_reads(self.subject, actor=self.desk)
        streams = self.subject.streams.filter(purpose="efficacy").select_related("reader")
        self.readers = [stream.reader for stream in streams.order_by("role")]

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

    def complete(self, task: ReadTask, reader: User, script: Script) -> ReadSession:
        """Let a reader open a task, fill its form in, review and sign it.

        Raises:
            NotCompletable: no answers were found with which the form can be signed.
            Refused: a service refuses a step.
        """
        self.turn += 1
        days = self.design.batches.minimal_interval_days + 1 if self._is_limited() else 0
        with clock.shifted_to(clock.now() + timedelta(days=days * self.turn)):
            actor = self.actor(reader)
            held = [reading.open_session(task, actor=actor)]

            def evaluate(answers: dict[str, Any]) -> Any:
                version = held[0].form_record.version
                held[0] = reading.save(held[0], answers, seen_version=version, actor=actor)
                return reading.look(held[0], final=True).evaluation

            record = held[0].form_record
            completed(form_of(record.form), record.answers, evaluate, script)
            reading.review(held[0], actor=actor)
            return reading.sign(held[0], actor=actor, assent=assent(reader, self.study, "read"))

    def _is_limited(self) -> bool:
        limits = self.design.batches
        return bool(limits.size or limits.minimal_interval_days or limits.session_maximum)

    def decide(self, case: AdjudicationCase) -> AdjudicationCase:
        """Let the adjudicator take a case, choose read A and sign."""
        if self.adjudicator is None:
            raise RuleBroken("The rehearsal has no adjudicator.", rule="REL-010")
        actor = self.actor(self.adjudicator)
        case = settling.claim(case, actor=actor)
        settling.draft_choice(case, choice="A", reason="Scripted choice.", actor=actor)
        case.refresh_from_db()
        signature = assent(self.adjudicator, self.study, "adjudication")
        return settling.sign_case(case, actor=actor, assent=signature)


def _reader(name: str, study: Study, desk: Actor) -> User:
    person = _person(name, Role.CENTRAL_READER, study, desk)
    qualifying.qualify(person, study, actor=desk)
    return person


def _enter_oncologist(user: User) -> None:
    Reader(user=user, specialty="Medical oncology", country="CH", per_week=40).save()


def _session_forms(
    origin: Study, design: ReadDesign, study: Study, scientist: User, desk: Actor
) -> frozenset[str]:
    """Put the forms of the sessions into use: the study's newest, else those of the platform."""
    own = set()
    for key, document in forms_of(design).items():
        rows = Configuration.objects.in_study(origin).filter(kind=Configuration.Kind.FORM, key=key)
        newest = rows.exclude(state__in=("withdrawn", "superseded")).order_by("-version").first()
        if newest is not None:
            own.add(key)
        else:
            newest = Configuration(
                kind=Configuration.Kind.FORM,
                key=key,
                version=1,
                title=document["title"],
                document=document,
            )
        _copied(newest, study, scientist, desk)
    return frozenset(own)


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


def assent(user: User, study: Study, meaning: str) -> Assent:
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
    CONFIGURATION.move(made, "approve", actor=signer, assent=assent(scientist, study, "approval"))
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
