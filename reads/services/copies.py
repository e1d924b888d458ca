"""A study made after another one: people, schedule, documents, and a site to practise at."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Max

from accounts.permissions import DUTY_OF, Duty
from audit import clock
from audit.actors import Actor
from studies.models import (
    Configuration,
    Membership,
    Organisation,
    ProtocolVersion,
    Site,
    Study,
    StudySite,
    TimePointDefinition,
)
from studies.services import people
from studies.services.people import end_role
from studies.workflows import CONFIGURATION, PROTOCOL_VERSION, STUDY_SITE

CODE_LENGTH = 24


def study_after(
    origin: Study, *, suffix: str, title: str, uat_twin_of: Study | None = None
) -> Study:
    """Return a study like another one, not saved yet; its code ends with the suffix."""
    return Study(
        programme=origin.programme,
        sponsor=origin.sponsor,
        code=origin.code[: CODE_LENGTH - len(suffix)] + suffix,
        title=title,
        protocol_number=origin.protocol_number,
        phase=origin.phase,
        indication=origin.indication,
        time_zone=origin.time_zone,
        uat_twin_of=uat_twin_of,
    )


def practice_site(study: Study, desk: Actor, *, hospital: str, name: str, number: str) -> StudySite:
    """Return the active site of a study made for practice; no hospital stands behind it."""
    organisation = Organisation(name=f"{hospital} of {study.code}", kind="hospital")
    organisation.save()
    site = Site(
        organisation=organisation,
        name=name,
        city=hospital.partition(" ")[0],
        country="CH",
        time_zone=study.time_zone,
    )
    site.save()
    made = StudySite(study=study, site=site, number=number)
    made.save()
    found: StudySite = STUDY_SITE.move(made, "activate", actor=desk)
    return found


def take_over(one: Configuration, twin: Study, desk: Actor) -> bool:
    """Put the content of a version into use in the other study; return whether that was new."""
    rows = Configuration.objects.in_study(twin).filter(kind=one.kind, key=one.key)
    held = rows.filter(state="effective").first()
    if held is not None and held.digest == one.digest:
        return False
    latest = rows.aggregate(latest=Max("version"))["latest"] or 0
    made = Configuration(
        study=twin,
        kind=one.kind,
        key=one.key,
        version=max(one.version, latest + 1),
        title=one.title,
        document=one.document,
    )
    made.save()
    why = f"{one} of {one.study.code}, {one.get_state_display().lower()}"
    if held is not None:
        CONFIGURATION.move(held, "supersede", actor=desk, reason=why)
    CONFIGURATION.move(
        made, "take_over", actor=desk, reason=why, changes={"effective_from": clock.now()}
    )
    return True


def copy_people(
    origin: Study, twin: Study, desk: Actor, *, duties: Collection[Duty], name: str
) -> None:
    """Give the people of some duties the same roles, and end the roles that they had there."""
    now = clock.now()
    rows = Membership.objects.filter(study=origin, period__contains=now, user__is_active=True)
    wanted = {(one.user, one.role) for one in rows if DUTY_OF[one.role] in duties}
    there = Membership.objects.filter(study=twin, period__contains=now).select_related("user")
    held = {(one.user, one.role): one for one in there}
    for user, role in wanted - held.keys():
        people.grant_role(user, role, study=twin, actor=desk, reason=name)
    for pair in held.keys() - wanted:
        end_role(held[pair], actor=desk, reason=f"The role in {origin.code} has ended.")


def copy_schedule(origin: Study, twin: Study, desk: Actor, *, name: str) -> None:
    """Make the visits of the origin's protocol in the other study, and let them hold."""
    held = ProtocolVersion.objects.in_study(origin).filter(state="effective").first()
    protocol = ProtocolVersion(
        study=twin,
        number=held.number if held else "1.0",
        effective_from=clock.today(),
        summary=name,
    )
    protocol.save()
    rows = list(held.time_points.all()) if held else []
    for one in rows:
        values = {
            field: getattr(one, field)
            for field in (
                "code",
                "label",
                "anchor_kind",
                "offset_days",
                "window_before",
                "window_after",
                "is_baseline",
                "modalities",
                "expected_series",
                "read_required",
            )
        }
        TimePointDefinition(study=twin, protocol_version=protocol, **values).save()
    for step in ("send_to_review", "approve", "make_effective"):
        PROTOCOL_VERSION.move(protocol, step, actor=desk, reason=name)
