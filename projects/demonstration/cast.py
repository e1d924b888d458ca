"""Who takes part: organisations, sites, scanners, people and their roles."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from accounts.models import User
from accounts.permissions import Role
from accounts.signatures import Assent, content_digest, prove
from audit import clock
from audit.actors import Actor, acting, service
from exports.datasets import BUILDERS
from imaging.phantom import SCANNERS
from projects.demonstration.story import SCHEDULE
from reads.design.standard_form import standard_form
from reads.services.qualifying import qualify
from studies.actors import actor_for
from studies.forms import documents
from studies.models import (
    Configuration,
    Organisation,
    Programme,
    ProtocolVersion,
    Scanner,
    Site,
    Study,
    StudySite,
    TimePointDefinition,
)
from studies.scoping import scope
from studies.services import configuration, people
from studies.workflows import PROTOCOL_VERSION, STUDY, STUDY_SITE

BUILDER = service("Study set-up")
PASSWORD = "kestrel-over-seven-hills"  # noqa: S105 - the demonstration's own, printed at its start
SITES = (
    ("Hospital do Norte", "Porto", "PT", "Europe/Lisbon", "101", "Dr Inês Carvalho"),
    ("Cypress Valley Clinic", "Denver", "US", "America/Denver", "205", "Dr Noah Whitlock"),
    ("Minato Medical Centre", "Osaka", "JP", "Asia/Tokyo", "307", "Dr Haruka Mizuno"),
)
PEOPLE: tuple[tuple[str, str, str, str], ...] = (
    (Role.PROJECT_MANAGER, "Marta Lindqvist", "Arclight Imaging", "Europe/Stockholm"),
    (Role.PORTFOLIO_MANAGER, "Oskar Brandvold", "Arclight Imaging", "Europe/Stockholm"),
    (Role.IMAGE_OPERATIONS, "Priya Anand", "Arclight Imaging", "Europe/Stockholm"),
    (Role.SCIENTIFIC, "Tomas Reinholt", "Arclight Imaging", "Europe/Berlin"),
    (Role.REVIEWER_OPERATIONS, "Celia Okafor", "Arclight Imaging", "Europe/London"),
    (Role.CENTRAL_READER, "Dr Hanne Ostrowe", "Independent reader", "Europe/Copenhagen"),
    (Role.ADJUDICATOR, "Dr Pavel Dvorsky", "Independent reader", "Europe/Prague"),
    (Role.DATA_MANAGER, "Yuki Sandoval", "Arclight Imaging", "Europe/Madrid"),
    (Role.CLINICAL_DATA_PARTNER, "Brigid Halloran", "Meridian Clinical", "Europe/Dublin"),
    (Role.SITE_USER, "Irina Carballo", "Hospital do Norte", "Europe/Lisbon"),
    (Role.SPONSOR, "Lionel Achterberg", "Norvane Therapeutics", "Europe/Amsterdam"),
    (Role.DATA_RECIPIENT, "Wren Castillo", "Statwise Analytics", "America/New_York"),
    (Role.QUALITY_AUDITOR, "Greta Falk", "Arclight Imaging", "Europe/Stockholm"),
    (Role.INSPECTOR, "Samuel Adeyemi", "Health authority", "Europe/Paris"),
)
OTHERS: tuple[tuple[str, str, str, str], ...] = (
    (Role.CENTRAL_READER, "Dr Mateo Villanueva", "Independent reader", "Europe/Madrid"),
    (Role.SITE_USER, "Jordan Pike", "Cypress Valley Clinic", "America/Denver"),
    (Role.SITE_USER, "Kenta Mori", "Minato Medical Centre", "Asia/Tokyo"),
)
ADMINISTRATOR = (Role.ADMINISTRATOR, "Runa Eskelund", "Arclight Imaging", "Europe/Stockholm")

PLAN = {
    "calendar": {
        "key": "Nordic 2026",
        "zone": "Europe/Stockholm",
        "holidays": ["2026-12-24", "2026-12-25", "2026-12-31", "2027-01-01", "2027-01-06"],
    },
    "turnarounds": {
        "upload": {"amount": 5, "unit": "business_days"},
        "qc": {"amount": 2, "unit": "business_days"},
        "query": {"amount": 5, "unit": "business_days"},
        "read": {"amount": 7, "unit": "business_days"},
        "adjudication": {"amount": 5, "unit": "business_days"},
    },
    "consent": {"data": "keep", "originals": "destroy", "images": "keep"},
    "services": [
        {
            "activity": "Quality control of images",
            "responsible": "Image operations",
            "clock": "qc",
            "deliverable": "QC decision or query to the site",
            "frequency": "each visit",
        },
        {
            "activity": "Independent double read",
            "responsible": "Central readers",
            "clock": "read",
            "deliverable": "Signed eCRF",
            "frequency": "each visit",
        },
        {
            "activity": "Data transfer",
            "responsible": "Data management",
            "deliverable": "SDTM tables TU, TR, RS with define.xml",
            "frequency": "each data cut",
        },
    ],
}
#: one set of lesions read by three criteria
CRITERIA = ("RECIST11", "iRECIST", "VOLUMETRIC")
ECRF = "ecrf_tumour"
DESIGN = {
    "form": ECRF,
    "readers_per_subject": 2,
    "presentation": "time_sequential",
    "criteria": [{"key": key, "parameters": {}} for key in CRITERIA],
    "adjudication": {"variables": ["overall_response"]},
    "blinding": "blinding",
    "dossiers": "time_point",
}
BLINDING = {
    "hide": [
        "site",
        "subject",
        "dates",
        "visit label",
        "treatment",
        "other readers",
    ]
}
_DATA = Path(__file__).resolve().parents[2] / "imaging"


@dataclass
class Cast:
    """The study and everybody in it."""

    study: Study
    sites: list[StudySite] = field(default_factory=list)
    users: dict[str, User] = field(default_factory=dict)
    site_users: list[User] = field(default_factory=list)
    readers: list[User] = field(default_factory=list)

    def actor(self, who: str | User) -> Actor:
        """Return a person as actor in the study."""
        user = self.users[who] if isinstance(who, str) else who
        found = actor_for(user, self.study)
        if found is None:
            raise LookupError(f"{user} holds no role in {self.study}")
        return found

    def sign(self, who: str | User, meaning: str, statement: str, row: Any) -> Assent:
        """Prove a person's will to sign a record, as the sign dialog does."""
        user = self.users[who] if isinstance(who, str) else who
        return prove(
            user,
            self.actor(user),
            password=PASSWORD,
            meaning=meaning,
            statement=statement,
            seen_digest=content_digest(row),
        )


def address_of(name: str) -> str:
    """Return the e-mail address of a person of the demonstration."""
    parts = name.removeprefix("Dr ").lower().replace("ê", "e").split()
    return f"{'.'.join(parts)}@demo.example"


def assemble(began: datetime) -> Cast:
    """Set the study up as it would have been set up: months ago, by the people in charge."""
    with clock.shifted_to(began):
        with acting(BUILDER, "study set-up"):
            cast = Cast(_study())
        with scope(cast.study), acting(BUILDER, "study set-up"):
            _sites(cast)
            _people(cast)
            _configuration(cast)
            _schedule(cast)
            STUDY.move(cast.study, "open", actor=BUILDER, reason="start-up gate passed")
            for reader in cast.readers:
                qualify(reader, cast.study, actor=cast.actor(Role.REVIEWER_OPERATIONS))
    return cast


def _organisation(name: str, kind: str) -> Organisation:
    row = Organisation(name=name, kind=kind)
    row.save()
    return row


def _study() -> Study:
    sponsor = _organisation("Norvane Therapeutics", Organisation.Kind.SPONSOR)
    _organisation("Arclight Imaging", Organisation.Kind.ICRO)
    programme = Programme(sponsor=sponsor, name="NVN-114")
    programme.save()
    study = Study(
        programme=programme,
        sponsor=sponsor,
        code="ONC-2041",
        title="NVN-114 in advanced solid tumours, with independent central review of images",
        protocol_number="NVN-114-301",
        phase="3",
        indication="Advanced solid tumours",
        time_zone="Europe/Stockholm",
    )
    study.save()
    return study


def _sites(cast: Cast) -> None:
    for index, (house, city, country, zone, number, investigator) in enumerate(SITES):
        hospital = _organisation(house, Organisation.Kind.HOSPITAL)
        site = Site(organisation=hospital, name=house, city=city, country=country, time_zone=zone)
        site.save()
        machine = SCANNERS[index]
        Scanner(
            site=site,
            modality="CT",
            manufacturer=machine.manufacturer,
            model_name=machine.model,
            serial_number=machine.serial,
            software_versions=machine.software,
            qualified_from=clock.today(),
        ).save()
        row = StudySite(study=cast.study, site=site, number=number, investigator=investigator)
        row.save()
        cast.sites.append(STUDY_SITE.move(row, "activate", actor=BUILDER))


def _person(role: str, name: str, organisation: str, zone: str) -> User:
    return User.objects.create_user(
        address_of(name),
        PASSWORD,
        printed_name=name,
        organisation_name=organisation,
        time_zone=zone,
        identity_verified_at=clock.now(),
        identity_verified_by="Runa Eskelund",
        identity_verified_how="passport, video call",
    )


def _people(cast: Cast) -> None:
    administrator = _person(*ADMINISTRATOR)
    cast.users[Role.ADMINISTRATOR.value] = administrator
    people.grant_role(administrator, Role.ADMINISTRATOR, study=None, actor=BUILDER)
    for role, name, organisation, zone in (*PEOPLE, *OTHERS):
        user = _person(role, name, organisation, zone)
        cast.users.setdefault(str(role), user)
        sites: list[StudySite] = []
        if role == Role.SITE_USER:
            sites = [cast.sites[len(cast.site_users)]]
            cast.site_users.append(user)
        if role == Role.CENTRAL_READER:
            cast.readers.append(user)
        people.grant_role(user, role, study=cast.study, sites=sites, actor=BUILDER)


def _configuration(cast: Cast) -> None:
    kinds = Configuration.Kind
    rows: list[tuple[str, str, str, Any]] = [
        (kinds.PLAN, "plan", "Project plan", PLAN),
        (kinds.BLINDING, "blinding", "Blinding profile", BLINDING),
        (kinds.TRANSFER, "transfer", "Transfer specification", {"datasets": sorted(BUILDERS)}),
        (
            kinds.DEID_PROFILE,
            "trial",
            "De-identification profile",
            # a site may have its computer remove identity before anything leaves
            {
                **json.loads((_DATA / "deid_profiles" / "trial.json").read_text()),
                "at_site": "offered",
            },
        ),
        (
            kinds.GUIDELINE,
            "ct",
            "Acquisition guideline",
            json.loads((_DATA / "guidelines" / "default.json").read_text()),
        ),
        (
            kinds.PHANTOMS,
            "phantoms",
            "Phantom plan",
            json.loads((_DATA / "guidelines" / "phantoms.json").read_text()),
        ),
    ]
    for name in documents.NAMES:
        document = documents.load(name).document()
        rows.append((kinds.FORM, name, document["title"], document))
    title = "Tumour assessment, RECIST 1.1, iRECIST and volumes"
    form = standard_form({key: {} for key in CRITERIA}, key=ECRF, title=title)
    rows.append((kinds.FORM, ECRF, title, form))
    rows.append((kinds.READ_DESIGN, "design", "Read design", DESIGN))
    scientist = cast.actor(Role.SCIENTIFIC)
    for kind, key, title, document in rows:
        made = configuration.draft(
            cast.study, kind=kind, key=key, title=title, document=document, actor=scientist
        )
        statement = "I approve this configuration for use in the study."
        assent = cast.sign(Role.SCIENTIFIC, "approval", statement, made)
        configuration.approve(made, actor=scientist, assent=assent)
        # The demonstration is set up by the platform; a person would validate the charter first.
        configuration.make_effective(made, actor=BUILDER)


def _schedule(cast: Cast) -> None:
    manager = cast.actor(Role.PROJECT_MANAGER)
    with acting(manager, "protocol version 1.0"):
        protocol = ProtocolVersion(
            study=cast.study,
            number="1.0",
            summary="First version",
            effective_from=clock.today() + timedelta(days=1),
        )
        protocol.save()
        for code, label, day, before, after in SCHEDULE:
            TimePointDefinition(
                study=cast.study,
                protocol_version=protocol,
                code=code,
                label=label,
                offset_days=day,
                window_before=before,
                window_after=after,
                is_baseline=code == "baseline",
                modalities=["CT"],
            ).save()
    for name in ("send_to_review", "approve", "make_effective"):
        PROTOCOL_VERSION.move(protocol, name, actor=manager, reason="signed protocol received")
