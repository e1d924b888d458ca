"""A small world for tests: two sponsors' studies, two sites each, one person per role.

Nothing here goes past the services: roles are granted, configurations signed, subjects registered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.test import Client

from accounts.models import User
from accounts.permissions import DUTY_OF, Duty, Role
from accounts.signatures import prove
from audit import clock
from audit.actors import Actor, acting, service
from studies.actors import actor_for
from studies.models import (
    Configuration,
    Organisation,
    Programme,
    ProtocolVersion,
    Scanner,
    Site,
    Study,
    StudySite,
    Subject,
    TimePoint,
    TimePointDefinition,
)
from studies.scoping import scope
from studies.services import configuration, people, subjects
from studies.workflows import PROTOCOL_VERSION, STUDY, STUDY_SITE
from tests.remembering import remembered

PASSWORD = "correct horse battery staple"
BUILDER = service("world builder")
#: what logs a person in past the log-in page
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
FORMS = Path(__file__).resolve().parents[1] / "studies" / "forms" / "documents"

PLAN: dict[str, Any] = {
    "calendar": {"key": "EU-2026", "zone": "Europe/Zurich", "holidays": ["2026-12-25"]},
    "turnarounds": {
        "upload": {"amount": 5, "unit": "business_days"},
        "qc": {"amount": 2, "unit": "business_days"},
        "query": {"amount": 5, "unit": "business_days"},
        "read": {"amount": 7, "unit": "business_days"},
        "adjudication": {"amount": 5, "unit": "business_days"},
    },
}


@dataclass
class StudyWorld:
    """One study with its people, sites and subjects."""

    study: Study
    sites: list[StudySite]
    users: dict[str, User] = field(default_factory=dict)
    subjects: list[Subject] = field(default_factory=list)

    def actor(self, role: str, name: str = "") -> Actor:
        """Return a person of the study as actor in a role."""
        found = actor_for(self.users[name or role], self.study)
        assert found is not None
        return found.acting_as("account.self") if not found.role else found

    def assent(self, role: str, meaning: str, row: Any = None, name: str = "") -> Any:
        """Prove a person's will to sign, with the real password."""
        user = self.users[name or role]
        return prove(
            user,
            self.actor(role, name),
            password=PASSWORD,
            meaning=meaning,
            statement=f"I sign: {meaning}.",
        )

    def time_points(self, subject: Subject) -> list[TimePoint]:
        """Return a subject's time points in planned order."""
        return sorted(subject.time_points.all(), key=lambda t: t.planned_date or date.max)


def logged_in(world: StudyWorld, name: str) -> Client:
    """Return a browser in which a person of the study is logged in."""
    client = Client()
    client.force_login(world.users[name], backend=BACKEND)
    return client


def make_user(name: str, *, password: str | None = PASSWORD, zone: str = "Europe/Zurich") -> User:
    """Create a person whose identity was verified."""
    email = f"{name.lower().replace(' ', '.').replace('_', '.')}@example.org"
    with acting(BUILDER):
        return User.objects.create_user(
            email,
            password,
            printed_name=name.replace("_", " ").title(),
            organisation_name="Example iCRO",
            time_zone=zone,
            identity_verified_at=clock.now(),
            identity_verified_by="world builder",
            identity_verified_how="passport",
        )


@remembered
def make_study(code: str, *, sponsor: str, subject_count: int = 2) -> StudyWorld:
    """Create a study in conduct with two active sites, one person per role and some subjects."""
    with acting(BUILDER):
        sponsor_row = Organisation(name=sponsor, kind=Organisation.Kind.SPONSOR)
        sponsor_row.save()
        hospital = Organisation(name=f"Hospital of {code}", kind=Organisation.Kind.HOSPITAL)
        hospital.save()
        programme = Programme(sponsor=sponsor_row, name=f"Programme {code}")
        programme.save()
        study = Study(
            programme=programme,
            sponsor=sponsor_row,
            code=code,
            title=f"Study {code}",
            protocol_number=f"P-{code}",
            phase="3",
            indication="Solid tumours",
            time_zone="Europe/Zurich",
        )
        study.save()
    with scope(study), acting(BUILDER):
        world = StudyWorld(study, [])
        _add_sites(world, hospital)
        _add_people(world)
        _add_configuration(world)
        _add_schedule(world)
        STUDY.move(study, "open", actor=BUILDER, reason="world")
        for number in range(subject_count):
            site = world.sites[number % 2]
            world.subjects.append(
                subjects.register_subject(
                    site,
                    code=f"{site.number}-{number + 1:03d}",
                    anchors={"enrolment": clock.today()},
                    actor=BUILDER,
                    source="site",
                )
            )
            subjects.enrol(world.subjects[-1], actor=BUILDER)
    return world


def _add_sites(world: StudyWorld, hospital: Organisation) -> None:
    places = (("Lisbon", "PT", "Europe/Lisbon"), ("Osaka", "JP", "Asia/Tokyo"))
    for index, (city, country, zone) in enumerate(places):
        site = Site(
            organisation=hospital,
            name=f"{hospital.name} {city}",
            city=city,
            country=country,
            time_zone=zone,
        )
        site.save()
        Scanner(
            site=site,
            modality="CT",
            manufacturer="Phantom Medical",
            model_name="Ellipse 64",
            serial_number=f"PM-{index + 1:04d}",
            software_versions="5.1",
        ).save()
        study_site = StudySite(study=world.study, site=site, number=f"{index + 1}01")
        study_site.save()
        world.sites.append(STUDY_SITE.move(study_site, "activate", actor=BUILDER))


def _add_people(world: StudyWorld) -> None:
    for role in Role:
        if role == Role.ADMINISTRATOR:
            continue
        names = [role.value]
        if role == Role.CENTRAL_READER:
            names = [role.value, "central_reader_2"]
        if role == Role.SITE_USER:
            names = [role.value, "site_user_2"]
        for index, name in enumerate(names):
            user = make_user(f"{world.study.code}_{name}".lower())
            world.users[name] = user
            sites = [world.sites[index]] if DUTY_OF[role] == Duty.SITE else []
            people.grant_role(user, role, study=world.study, sites=sites, actor=BUILDER)


def _configure(world: StudyWorld, kind: str, key: str, title: str, document: Any) -> Configuration:
    made = configuration.draft(
        world.study, kind=kind, key=key, title=title, document=document, actor=BUILDER
    )
    configuration.approve(
        made,
        actor=world.actor(Role.SCIENTIFIC),
        assent=world.assent(Role.SCIENTIFIC, "approval"),
    )
    return configuration.make_effective(made, actor=BUILDER)


def _add_configuration(world: StudyWorld) -> None:
    _configure(world, Configuration.Kind.PLAN, "plan", "Project plan", PLAN)
    for key in ("transmittal_ct", "qc_checklist_ct", "ecrf_recist11"):
        path = FORMS / f"{key}.json"
        if path.exists():
            document = json.loads(path.read_text())
            _configure(world, Configuration.Kind.FORM, key, document.get("title", key), document)


def _add_schedule(world: StudyWorld) -> None:
    protocol = ProtocolVersion(
        study=world.study, number="1.0", effective_from=clock.today(), summary="first version"
    )
    protocol.save()
    rows = (
        ("baseline", "Baseline", 0, 28, 0, True),
        ("week8", "Week 8", 56, 7, 7, False),
        ("week16", "Week 16", 112, 7, 7, False),
    )
    for code, label, day, before, after, is_baseline in rows:
        TimePointDefinition(
            study=world.study,
            protocol_version=protocol,
            code=code,
            label=label,
            offset_days=day,
            window_before=before,
            window_after=after,
            is_baseline=is_baseline,
            modalities=["CT"],
        ).save()
    for name in ("send_to_review", "approve", "make_effective"):
        PROTOCOL_VERSION.move(protocol, name, actor=BUILDER, reason="world")
