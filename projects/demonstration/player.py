"""Lets the people of the demonstration act, each at their own time, through the services."""

from __future__ import annotations

import shutil
import tempfile
import time as wall
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import User
from accounts.permissions import Role
from audit import clock
from audit.models import Job
from exports import services as cuts
from exports.models import DataCut
from imaging.models import Submission
from imaging.phantom import (
    SCANNERS,
    LesionTruth,
    SeriesSpec,
    invented_identity,
    lesions_at,
    write_series,
)
from imaging.services import manifest, qc, submission
from projects.demonstration import answers
from projects.demonstration.cast import Cast
from projects.demonstration.story import CODES, Life, Visit
from queries.models import Query, RequestedAction
from queries.services import Request, answer, close, raise_query
from reads.models import AdjudicationCase, ReaderStream, ReadTask
from reads.services import dossiers, reading, settling
from studies.models import Subject, TimePoint
from studies.services import forms, subjects

SLICES = 40
WAIT_LIMIT_S = 900


class DemonstrationError(RuntimeError):
    """The demonstration cannot go on; the text says at what."""


@dataclass
class Sent:
    """A visit that was sent, with the truth about its lesions."""

    life: Life
    visit: Visit
    subject: Subject
    time_point: TimePoint
    submission: Submission
    truth: dict[str, LesionTruth]
    scanned: date


@dataclass
class Player:
    """Plays the story against a cast; ``today`` is day 0 of the story."""

    cast: Cast
    today: date
    say: Callable[[str], None]
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="icro-demo-")))
    subjects: dict[int, Subject] = field(default_factory=dict)
    sent: dict[tuple[int, str], Sent] = field(default_factory=dict)

    # When

    def instant(self, life: Life, day: int, hour: int, minute: int = 0) -> datetime:
        """Return a moment of a site's day, counted from the subject's enrolment."""
        return self.at_site(life.site, life.enrolled + day, hour, minute)

    def at_site(self, site: int, day: int, hour: int, minute: int = 0) -> datetime:
        """Return a moment of a site's day, counted from day 0 of the story."""
        zone = ZoneInfo(self.cast.sites[site].site.time_zone)
        chosen = self.today + timedelta(days=day)
        return min(datetime.combine(chosen, time(hour, minute), zone), self._latest(zone))

    def _latest(self, zone: ZoneInfo) -> datetime:
        return datetime.now(zone) - timedelta(minutes=2)

    # Who

    def site_user(self, life: Life) -> User:
        """Return the technologist of a subject's site."""
        return self.cast.site_users[life.site]

    # Acts

    def register(self, life: Life) -> None:
        """Register a subject, and enrol it unless it is in screening."""
        user = self.site_user(life)
        actor = self.cast.actor(user)
        site = self.cast.sites[life.site]
        with clock.shifted_to(self.instant(life, -9, 9, 10)):
            subject = subjects.register_subject(
                site,
                code=f"{site.number}-{life.number:03d}",
                anchors={"enrolment": self.today + timedelta(days=life.enrolled)},
                actor=actor,
                source="site",
            )
        if not life.screening:
            with clock.shifted_to(self.instant(life, 0, 11)):
                subject = subjects.enrol(subject, actor=actor)
        self.subjects[life.number] = subject
        if life.not_done:
            with clock.shifted_to(self.instant(life, 50, 15)):
                subjects.declare_not_done(
                    self._time_point(subject, "week6"), reason=life.not_done, actor=actor
                )

    def _time_point(self, subject: Subject, code: str) -> TimePoint:
        found = subject.time_points.select_related("subject", "definition").get(
            definition__code=code
        )
        return TimePoint.objects.select_related("subject__study_site__site", "definition").get(
            pk=found.pk
        )

    def upload(self, life: Life, visit: Visit, *, corrects: Sent | None = None) -> Sent:
        """Write the scan that the site made and upload it; its first checks begin."""
        subject = self.subjects[life.number]
        scanned = self.today + timedelta(days=life.enrolled + visit.day)
        folder = self.folder / f"{life.number}-{visit.code}-{bool(corrects)}"
        written = write_series(
            folder,
            SeriesSpec(
                identity=invented_identity(life.number, house=life.site),
                study_date=scanned,
                lesions=lesions_at(life.course, CODES.index(visit.code)),
                scanner=SCANNERS[life.site],
                defects=visit.defects,
                seed=life.number,
                slices=SLICES,
                matrix=life.matrix,
            ),
        )
        time_point = self._time_point(subject, visit.code)
        actor = self.cast.actor(self.site_user(life))
        with clock.shifted_to(self.instant(life, visit.day + (4 if corrects else 1), 10)):
            row = submission.start(
                time_point, actor=actor, corrects=corrects.submission if corrects else None
            )
            row = manifest.upload_folder(row, folder, actor=actor)
        shutil.rmtree(folder)
        sent = Sent(life, visit, subject, time_point, row, dict(written.truth), scanned)
        self.sent[(life.number, visit.code)] = sent
        return sent

    def send(self, sent: Sent, *, later: int = 1) -> None:
        """Fill the transmittal form and sign; de-identification and checks begin."""
        life = sent.life
        user = self.site_user(life)
        actor = self.cast.actor(user)
        with clock.shifted_to(self.instant(life, sent.visit.day + later, 10, 20)):
            row = Submission.objects.select_related(
                "form_record__form", "time_point__definition", "study_site__site"
            ).get(pk=sent.submission.pk)
            form = answers.transmittal(
                sent.visit,
                scan_day=sent.scanned,
                scanner=SCANNERS[life.site],
                technologist=user.printed_name,
                weight=invented_identity(life.number, house=life.site).weight_kg,
            )
            row.form_record = submission.save_form(
                row, form, seen_version=row.form_record.version, actor=actor
            )
            evaluation = forms.evaluated(
                row.form_record, context=submission.form_context(row), final=True
            )
            wanted = answers.reasons(evaluation)
            if wanted:
                row.form_record = submission.save_form(
                    row,
                    {**form, "reasons": wanted},
                    seen_version=row.form_record.version,
                    actor=actor,
                )
            row.form_record = submission.complete_form(row, actor=actor)
            assent = self.cast.sign(user, submission.MEANING, submission.STATEMENT, row)
            sent.submission = submission.sign_and_receive(row, actor=actor, assent=assent)

    def ask(self, sent: Sent) -> Query:
        """Let image operations ask the site about what is wrong."""
        actor = self.cast.actor(Role.IMAGE_OPERATIONS)
        day = sent.visit.day + 1 + sent.visit.asked_after
        with clock.shifted_to(self.instant(sent.life, day, 14)):
            qc.claim(sent.submission, actor=actor)
            errors = [f for f in qc.findings_of(sent.time_point) if f.level == "error"]
            if errors:
                return qc.ask_site(errors, actor=actor)
            return raise_query(
                about=sent.submission,
                study_site=self.cast.sites[sent.life.site],
                subject=sent.subject,
                time_point=sent.time_point,
                cause=Query.Cause.MISSING_DATA,
                title="Contrast delay is not stated",
                text=(
                    "The transmittal form says that the delay after contrast injection was not "
                    "noted. Please look it up in the scanner's protocol, or confirm that it "
                    "cannot be recovered."
                ),
                requests=[
                    Request(RequestedAction.Kind.CORRECT_FORM, "State the delay in seconds"),
                    Request(RequestedAction.Kind.CONFIRM, "Or say that it cannot be recovered"),
                ],
                actor=actor,
            )

    def correct(self, sent: Sent, query: Query) -> Sent:
        """Let the site answer and send the whole series again."""
        user = self.site_user(sent.life)
        with clock.shifted_to(self.instant(sent.life, sent.visit.day + 4, 9, 40)):
            answer(
                query,
                text="The export was cut short. We send the whole series again.",
                actor=self.cast.actor(user),
            )
        again = self.upload(
            sent.life, Visit(sent.visit.code, sent.visit.day, until="released"), corrects=sent
        )
        self.wait("the corrected upload")
        self.send(again, later=4)
        self.wait("the corrected upload")
        query.refresh_from_db()
        if query.is_open:
            with clock.shifted_to(self.instant(sent.life, sent.visit.day + 5, 9)):
                close(query, actor=self.cast.actor(Role.IMAGE_OPERATIONS))
        return again

    def release(self, sent: Sent, *, later: int = 2) -> None:
        """Let image operations check, sign and release a visit."""
        user = self.cast.users[Role.IMAGE_OPERATIONS]
        actor = self.cast.actor(user)
        with clock.shifted_to(self.instant(sent.life, sent.visit.day + later, 15, 30)):
            row = Submission.objects.select_related("time_point__definition").get(
                pk=sent.submission.pk
            )
            for finding in qc.findings_of(row.time_point):
                if finding.state == "open" and finding.level == "warning":
                    qc.explain(finding, actor=actor, reason="known at this site, no harm")
            for earlier in qc.submissions_in_qc(row.time_point):
                review = qc.review_of(earlier)
                if review is not None and earlier.pk != row.pk:
                    row = earlier
            review = qc.claim(row, actor=actor)
            form = answers.checklist(follow_up=sent.visit.code != "baseline")
            seen = review.form_record.version if review.form_record else 0
            record = qc.save_checklist(review, form, seen_version=seen, actor=actor)
            review.form_record = record
            evaluation = forms.evaluated(record, context=qc.checklist_context(review), final=True)
            wanted = answers.reasons(evaluation)
            if wanted:
                review.form_record = qc.save_checklist(
                    review, {**form, "reasons": wanted}, seen_version=record.version, actor=actor
                )
            review.form_record = qc.complete_checklist(review, actor=actor)
            review = qc.decide(review, decision="pass", actor=actor)
            assent = self.cast.sign(user, qc.MEANING, qc.STATEMENT, review)
            qc.sign(review, actor=actor, assent=assent)

    def read(self, sent: Sent, role: str) -> None:
        """Let one reader read and sign a time point."""
        stream = ReaderStream.objects.select_related("reader").get(
            subject=sent.subject, role=role, purpose="efficacy"
        )
        actor = self.cast.actor(stream.reader)
        number = 1 if role == ReaderStream.Role.READER_1 else 2
        baseline = sent.visit.code == "baseline"
        scale = 1.0 if number == 1 else sent.visit.second_scale
        with clock.shifted_to(self.instant(sent.life, sent.visit.day + 4 + number, 8 + number)):
            task = ReadTask.objects.select_related(
                "stream", "time_point", "design", "form", "package"
            ).get(stream=stream, time_point=sent.time_point)
            session = reading.open_session(task, actor=actor)
            if sent.visit.looks:
                dossiers.open_in_read(task, task.sequence, actor=actor)
            form = answers.lesions(
                sent.truth,
                slices=SLICES,
                baseline=baseline,
                scale=scale,
                first_seen=f"Time point {task.sequence}",
                known=_new_so_far(session.form_record.answers),
            )
            session = self._save(session, form, actor)
            looked = reading.look(session, final=True)
            if not baseline:
                form |= answers.responses(looked)
                session = self._save(session, form, actor)
                looked = reading.look(session, final=True)
            form["reasons"] = answers.reasons(looked.evaluation)
            session = self._save(session, form, actor)
            reviewed = reading.review(session, actor=actor)
            statement = "I have read these images by the charter and this is my assessment."
            assent = self.cast.sign(stream.reader, "read", statement, reviewed.session)
            reading.sign(reviewed.session, actor=actor, assent=assent)

    def _save(self, session: Any, form: dict[str, Any], actor: Any) -> Any:
        return reading.save(session, form, seen_version=session.form_record.version, actor=actor)

    def look_again(self, sent: Sent, role: str) -> None:
        """Let a reader open the dossier of a signed read once more."""
        stream = ReaderStream.objects.select_related("reader").get(
            subject=sent.subject, role=role, purpose="efficacy"
        )
        with clock.shifted_to(self.instant(sent.life, sent.visit.day + 8, 16)):
            task = ReadTask.objects.get(stream=stream, time_point=sent.time_point)
            dossiers.open_in_read(task, task.sequence, actor=self.cast.actor(stream.reader))

    def adjudicate(self, sent: Sent) -> None:
        """Let the adjudicator decide a case."""
        user = self.cast.users[Role.ADJUDICATOR]
        actor = self.cast.actor(user)
        case = AdjudicationCase.objects.select_related("subject").get(time_point=sent.time_point)
        with clock.shifted_to(self.instant(sent.life, sent.visit.day + 9, 13)):
            case = settling.claim(case, actor=actor)
            case = settling.draft_choice(
                case,
                choice="A",
                reason="The diameters of this read follow the long axis on the widest slice.",
                actor=actor,
            )
            statement = "I have compared both reads by the charter and choose as shown."
            assent = self.cast.sign(user, "adjudication", statement, case)
            settling.sign_case(case, actor=actor, assent=assent)

    def cut(self, title: str, *, cut_off: int, until: str) -> DataCut:
        """Let data management make a cut; ``cut_off`` is counted in days from today."""
        user = self.cast.users[Role.DATA_MANAGER]
        actor = self.cast.actor(user)
        day = self.today + timedelta(days=cut_off)
        zone = ZoneInfo(self.cast.study.time_zone)
        with clock.shifted_to(datetime.combine(day, time(9), zone)):
            row = cuts.plan_cut(
                self.cast.study,
                title=title,
                cut_off=day,
                planned_for=day + timedelta(days=7),
                actor=actor,
            )
            row = cuts.start_cleaning(row, actor=actor)
        if until == "cleaning":
            return row
        with clock.shifted_to(
            min(datetime.combine(day + timedelta(days=2), time(16), zone), self._latest(zone))
        ):
            reason = "The open items are listed in the manifest; the sponsor agreed by e-mail."
            cuts.freeze(row, actor=actor, reason=reason)
            self.wait("the files of the cut")
            row = DataCut.objects.select_related("study", "specification").get(pk=row.pk)
            statement = "I release this data cut for delivery."
            assent = self.cast.sign(user, "release", statement, row)
            row = cuts.release(row, actor=actor, assent=assent)
        if until == "acknowledged":
            sponsor = self.cast.users[Role.SPONSOR]
            with clock.shifted_to(
                min(datetime.combine(day + timedelta(days=3), time(11), zone), self._latest(zone))
            ):
                for file in row.files.select_related("cut"):
                    cuts.note_download(file, actor=self.cast.actor(sponsor))
                statement = "I received this data cut and checked its digests."
                assent = self.cast.sign(sponsor, "receipt", statement, row)
                row = cuts.acknowledge(row, actor=self.cast.actor(sponsor), assent=assent)
        return row

    # Waiting for the workers

    def wait(self, what: str) -> None:
        """Wait until the workers have nothing left to do.

        Raises:
            DemonstrationError: a job failed, or nothing moved for too long.
        """
        deadline, seen = wall.monotonic() + WAIT_LIMIT_S, -1
        while True:
            open_jobs = Job.objects.filter(state__in=[Job.State.PENDING, Job.State.RUNNING])
            left = open_jobs.count()
            bad = Job.objects.filter(state__in=[Job.State.FAILED, Job.State.QUARANTINED]).first()
            if bad is not None:
                raise DemonstrationError(f"{bad.kind} for {what}: {bad.error[-600:]}")
            if not left:
                return
            if left != seen:
                seen, deadline = left, wall.monotonic() + WAIT_LIMIT_S
            if wall.monotonic() > deadline:
                raise DemonstrationError(f"the workers are stuck at {what}: {left} jobs are left")
            wall.sleep(0.2)

    def each(self, what: str, rows: Iterable[Any], act: Callable[[Any], Any]) -> list[Any]:
        """Do one act for many rows and say how far it is."""
        listed = list(rows)
        done = []
        for number, row in enumerate(listed, start=1):
            done.append(act(row))
            if number == len(listed) or number % 10 == 0:
                self.say(f"{what}: {number} of {len(listed)}")
        return done


def _new_so_far(stored: Mapping[str, Any]) -> list[str]:
    """Return the names of the new lesions that were carried forward."""
    rows = stored.get("new", {}).get("lesions", [])
    return [str(row.get("label", "")) for row in rows]
