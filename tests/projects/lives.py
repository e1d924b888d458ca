"""Bringing time points of the test world to a state, through the gateway, without images.

The tests of imaging and reads walk the real way; tests of pages need rows in every state quickly.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from accounts.models import User
from audit import clock
from audit.actors import acting
from imaging.models import ReceivedFile, Submission
from imaging.workflows import SUBMISSION
from queries.models import Query, RequestedAction
from queries.services import Request, raise_query
from studies.models import Configuration, FormRecord, TimePoint
from studies.scoping import scope
from studies.services.configuration import effective
from studies.workflows import TIME_POINT
from tests.imaging.upload_world import make_imaging_study
from tests.world import BUILDER, StudyWorld

#: steps of a time point from expected on, in order
WAY = ("receive", "start_qc", "accept", "make_ready", "begin_reading", "finish_reading")


def make_world(code: str = "ALPHA", sponsor: str = "Norvane") -> StudyWorld:
    """Return a study whose configuration is complete for imaging."""
    return make_imaging_study(code, sponsor)


def first_point(world: StudyWorld, subject: int = 0, index: int = 0) -> TimePoint:
    """Return a time point of a subject of the world."""
    with scope(world.study):
        return world.time_points(world.subjects[subject])[index]


def submission_of(world: StudyWorld, tp: TimePoint, *, until: str = "in_qc") -> Submission:
    """Make a submission of one file and bring it to ``received``, ``deidentified`` or ``in_qc``."""
    site_user = "site_user" if tp.subject.study_site_id == world.sites[0].pk else "site_user_2"
    with scope(world.study), acting(BUILDER):
        record = FormRecord(
            study=world.study,
            form=effective(world.study, Configuration.Kind.FORM, "transmittal_ct"),
            completed_at=clock.now(),
        )
        record.save()
        row = Submission(
            study=world.study,
            subject=tp.subject,
            study_site=tp.subject.study_site,
            time_point=tp,
            number=Submission.objects.count() + 1,
            sender=world.users[site_user],
            form_record=record,
            profile=effective(world.study, Configuration.Kind.DEID_PROFILE),
            guideline=effective(world.study, Configuration.Kind.GUIDELINE),
            file_count=1,
            byte_count=1000,
        )
        row.save()
        ReceivedFile.objects.create(
            study=world.study,
            submission=row,
            sha256="a" * 64,
            size=1000,
            outcome=ReceivedFile.Outcome.STORED,
        )
        SUBMISSION.move(row, "begin_upload", actor=world.actor("site_user", site_user))
        SUBMISSION.move(
            row,
            "receive",
            actor=world.actor("site_user", site_user),
            assent=world.assent("site_user", "transmittal", name=site_user),
            changes={"received_at": clock.now(), "qc_due_at": clock.now()},
        )
        for name, state in (("deidentify", "deidentified"), ("start_qc", "in_qc")):
            if row.state != until:
                SUBMISSION.move(row, name, actor=BUILDER)
            if row.state == state == until:
                break
        return row


def bring(
    world: StudyWorld, tp: TimePoint, state: str, *, scanned: date | None = None
) -> TimePoint:
    """Move a time point on until it is in a state."""
    with scope(world.study), acting(BUILDER):
        for name in WAY:
            if tp.state == state:
                break
            changes = {"assessment_date": scanned or tp.planned_date} if name == "receive" else {}
            TIME_POINT.move(tp, name, actor=BUILDER, changes=changes)
        return tp


def query_about(world: StudyWorld, tp: TimePoint, *, title: str = "Slices are missing") -> Query:
    """Raise a query about a time point as image operations."""
    with scope(world.study):
        return raise_query(
            about=tp,
            study_site=tp.subject.study_site,
            subject=tp.subject,
            time_point=tp,
            cause=Query.Cause.MISSING_IMAGES,
            title=title,
            text="Please send the missing slices.",
            requests=[Request(RequestedAction.Kind.SEND_IMAGES, "Send the slices")],
            actor=world.actor("image_operations"),
        )


def log_in(client: Any, user: User) -> Any:
    """Sign a person in on a test client, and return it."""
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client
