"""The one table of rights: which role may do what.

Roles are held in a study for a dated period (``studies.Membership``); the administrator's is held
for the installation. A right is a name; a name that is not in this table fails at import of the
code that uses it (``right``). The table is printed into ``docs/permissions.md`` and tested route by
route against a policy written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import models


class Role(models.TextChoices):
    """The roles of a trial (ICH E6, 21 CFR 11.10(g)); each belongs to one duty."""

    PROJECT_MANAGER = "project_manager", "Project manager"
    PORTFOLIO_MANAGER = "portfolio_manager", "Portfolio manager"
    IMAGE_OPERATIONS = "image_operations", "Image operations"
    SCIENTIFIC = "scientific", "Scientific"
    REVIEWER_OPERATIONS = "reviewer_operations", "Reviewer operations"
    CENTRAL_READER = "central_reader", "Central reader"
    ADJUDICATOR = "adjudicator", "Adjudicator"
    DATA_MANAGER = "data_manager", "Data manager"
    CLINICAL_DATA_PARTNER = "clinical_data_partner", "Clinical data partner"
    SITE_USER = "site_user", "Site user"
    SPONSOR = "sponsor", "Sponsor"
    DATA_RECIPIENT = "data_recipient", "Data recipient"
    QUALITY_AUDITOR = "quality_auditor", "Quality auditor"
    INSPECTOR = "inspector", "Inspector"
    ADMINISTRATOR = "administrator", "Administrator"


class Duty(models.TextChoices):
    """Duties exclude each other for one person in one study; the database refuses a mixture."""

    OPERATIONS = "operations", "iCRO operations"
    BLINDED = "blinded", "Blinded reading"
    SITE = "site", "Investigator site"
    SPONSOR = "sponsor", "Sponsor and its partners"
    OVERSIGHT = "oversight", "Oversight"
    SYSTEM = "system", "System administration"


DUTY_OF: Mapping[str, str] = {
    Role.PROJECT_MANAGER: Duty.OPERATIONS,
    Role.PORTFOLIO_MANAGER: Duty.OPERATIONS,
    Role.IMAGE_OPERATIONS: Duty.OPERATIONS,
    Role.SCIENTIFIC: Duty.OPERATIONS,
    Role.REVIEWER_OPERATIONS: Duty.OPERATIONS,
    Role.DATA_MANAGER: Duty.OPERATIONS,
    Role.CENTRAL_READER: Duty.BLINDED,
    Role.ADJUDICATOR: Duty.BLINDED,
    Role.SITE_USER: Duty.SITE,
    Role.SPONSOR: Duty.SPONSOR,
    Role.CLINICAL_DATA_PARTNER: Duty.SPONSOR,
    Role.DATA_RECIPIENT: Duty.SPONSOR,
    Role.QUALITY_AUDITOR: Duty.OVERSIGHT,
    Role.INSPECTOR: Duty.OVERSIGHT,
    Role.ADMINISTRATOR: Duty.SYSTEM,
}

BLINDED_ROLES = frozenset(r for r, duty in DUTY_OF.items() if duty == Duty.BLINDED)

_PM = Role.PROJECT_MANAGER
_PORTFOLIO = Role.PORTFOLIO_MANAGER
_OPS = Role.IMAGE_OPERATIONS
_SCIENCE = Role.SCIENTIFIC
_REVIEWERS = Role.REVIEWER_OPERATIONS
_READER = Role.CENTRAL_READER
_ADJUDICATOR = Role.ADJUDICATOR
_DATA = Role.DATA_MANAGER
_PARTNER = Role.CLINICAL_DATA_PARTNER
_SITE = Role.SITE_USER
_SPONSOR = Role.SPONSOR
_RECIPIENT = Role.DATA_RECIPIENT
_AUDITOR = Role.QUALITY_AUDITOR
_INSPECTOR = Role.INSPECTOR
_ADMIN = Role.ADMINISTRATOR

_OVERSIGHT = (_AUDITOR, _INSPECTOR)
_STAFF = (_PM, _PORTFOLIO, _OPS, _SCIENCE, _REVIEWERS, _DATA)

PERMISSIONS: Mapping[str, frozenset[str]] = {
    name: frozenset(roles)
    for name, roles in {
        # the study as a whole
        "study.view": (*_STAFF, _SITE, _SPONSOR, _PARTNER, _RECIPIENT, *_OVERSIGHT),
        "study.overview": (*_STAFF, _SPONSOR, *_OVERSIGHT),
        "study.configure": (_PM, _SCIENCE),
        "study.members.manage": (_PM, _ADMIN),
        "configuration.view": (*_STAFF, _SPONSOR, *_OVERSIGHT),
        "configuration.edit": (_SCIENCE, _PM),
        "configuration.sign": (_SCIENCE, _PM),
        # subjects and time points
        "subject.view": (*_STAFF, _SITE, *_OVERSIGHT),
        "subject.enrol": (_SITE, _PM),
        "timepoint.view": (*_STAFF, _SITE, *_OVERSIGHT),
        "timepoint.not_done": (_SITE, _PM),
        "timepoint.manage": (_PM, _OPS),
        # submissions
        "submission.upload": (_SITE,),
        "submission.view": (*_STAFF, _SITE, *_OVERSIGHT),
        "submission.withdraw": (_SITE, _PM),
        "submission.reject": (_OPS,),
        "submission.hold": (_OPS,),
        # machine doors: who may send, and whose images those are that came without a visit
        "door.view": (_PM, _OPS, _DATA, *_OVERSIGHT),
        "door.manage": (_PM,),
        "arrival.follow": (_PM, _OPS, _DATA, _SITE, *_OVERSIGHT),
        "door.assign": (_PM, _OPS),
        "submission.move": (_PM, _OPS),
        # withdrawal of consent
        "consent.view": (_PM, _OPS, _SCIENCE, _DATA, _SITE, *_OVERSIGHT),
        "consent.record": (_PM, _SITE),
        "consent.correct": (_PM,),
        # held originals show identity: whoever may decide on them sees them, nobody else
        "arrival.view": (_OPS,),
        "attachment.view": (_PM, _OPS, _SCIENCE, _DATA, *_OVERSIGHT),
        # quality control
        "qc.view": (_PM, _OPS, _SCIENCE, _DATA, *_OVERSIGHT),
        "qc.decide": (_OPS,),
        "qc.reset": (_OPS, _SCIENCE),
        "qc.resolve": (_SCIENCE,),
        # the acquisition guideline, and what a site may do otherwise
        "guideline.view": (_PM, _OPS, _SCIENCE, _DATA, *_OVERSIGHT),
        "guideline.edit": (_SCIENCE,),
        "exception.view": (_PM, _OPS, _SCIENCE, _DATA, *_OVERSIGHT),
        "exception.propose": (_OPS, _SCIENCE),
        "exception.approve": (_SCIENCE,),
        # phantoms: how a scanner proves that it measures what it should
        "phantom.view": (_PM, _OPS, _SCIENCE, _DATA, _SITE, *_OVERSIGHT),
        "phantom.send": (_SITE,),
        "phantom.decide": (_SCIENCE,),
        # what readers see, and images that come after them
        "package.view": (_PM, _OPS, _SCIENCE, *_OVERSIGHT),
        "package.edit": (_OPS,),
        "late.view": (_PM, _OPS, _SCIENCE, _REVIEWERS, _DATA, *_OVERSIGHT),
        "late.decide": (_SCIENCE,),
        "late.carry_out": (_PM, _REVIEWERS),
        "image.view": (_PM, _OPS, _SCIENCE, *_OVERSIGHT),
        # DICOMweb: sites find their own images, readers and adjudicators what they may read
        "archive.retrieve": (_PM, _OPS, _SCIENCE, _SITE, _READER, _ADJUDICATOR, *_OVERSIGHT),
        # queries
        # whoever answers sees what is addressed to them: sites theirs, the data partner its own
        "query.view": (*_STAFF, _SITE, _PARTNER, *_OVERSIGHT),
        "query.raise": (_OPS, _SCIENCE, _PM, _DATA),
        "query.answer": (_SITE, _PARTNER),
        "query.say": (_OPS, _SCIENCE, _PM, _DATA, _SITE, _PARTNER),
        "query.close": (_OPS, _SCIENCE, _PM, _DATA),
        # reads
        "read.manage": (_PM, _REVIEWERS),
        # the register of readers, their contracts and their way into the study
        "reader.view": (_PM, _PORTFOLIO, _REVIEWERS, *_OVERSIGHT),
        "reader.manage": (_REVIEWERS,),
        "fee.approve": (_PM,),
        # training cases: the scientist's key, and who sees how readers did
        "training.view": (_PM, _SCIENCE, _REVIEWERS, *_OVERSIGHT),
        "training.key": (_SCIENCE,),
        "training.make": (_SCIENCE,),
        "read.progress": (*_STAFF, *_OVERSIGHT),
        "read.inbox": (_READER,),
        "read.perform": (_READER,),
        # clinical dossiers: who delivers, who checks, who lets readers see them; readers have none
        "dossier.view": (_PM, _OPS, _SCIENCE, _DATA, _PARTNER, _SPONSOR, *_OVERSIGHT),
        "dossier.define": (_SCIENCE,),
        "dossier.request": (_PM, _SCIENCE),
        "dossier.enter": (_DATA, _PARTNER),
        "dossier.reconcile": (_DATA,),
        "dossier.approve": (_SCIENCE,),
        "dossier.apply": (_PM, _SCIENCE),
        "dossier.refuse": (_DATA, _SCIENCE),
        # comparison with a second source of the same data
        "reconciliation.view": (_PM, _SCIENCE, _DATA, _PARTNER, _SPONSOR, *_OVERSIGHT),
        "reconciliation.manage": (_DATA,),
        # who opened which dossier while reading, and what a revised one changes for signed reads
        "dossier.watch": (_PM, _OPS, _SCIENCE, _REVIEWERS, _DATA, *_OVERSIGHT),
        "dossier.decide": (_SCIENCE,),
        # what the platform answers to sites: eligibility, confirmation of progression
        "eligibility.view": (_PM, _OPS, _SCIENCE, _REVIEWERS, _SITE, *_OVERSIGHT),
        "confirmation.view": (_PM, _OPS, _SCIENCE, _REVIEWERS, _SITE, *_OVERSIGHT),
        "confirmation.ask": (_SITE,),
        # the site's own result, compared with the sample that is reviewed centrally
        "local.record": (_SITE,),
        "death.record": (_SITE, _PM),
        "read.results": (_SCIENCE, _DATA, *_OVERSIGHT),
        "adjudication.perform": (_ADJUDICATOR,),
        "adjudication.inbox": (_ADJUDICATOR,),
        "adjudication.progress": (*_STAFF, *_OVERSIGHT),
        # how well readers agree; whoever may not know readers sees codes
        "performance.view": (
            *(_PM, _PORTFOLIO, _SCIENCE, _REVIEWERS, _DATA, _SPONSOR),
            *_OVERSIGHT,
        ),
        "variability.view": (_PM, _SCIENCE, _REVIEWERS, _DATA, *_OVERSIGHT),
        "variability.manage": (_SCIENCE,),
        # readings from before the platform
        "readings.view": (_PM, _SCIENCE, _DATA, *_OVERSIGHT),
        "readings.import": (_DATA,),
        # a reader's questions pass image operations; what could unblind needs a second person
        "question.view": (_PM, _OPS, _SCIENCE, *_OVERSIGHT),
        "question.handle": (_OPS,),
        "question.release": (_PM, _OPS, _SCIENCE),
        # measurements prepared before the reads
        "preliminary.view": (_PM, _OPS, _SCIENCE, _DATA, *_OVERSIGHT),
        "preliminary.write": (_OPS, _SCIENCE),
        # the standard of truth of a diagnostic study, hidden from every reader
        "truth.view": (_SCIENCE, _DATA, *_OVERSIGHT),
        "truth.record": (_SCIENCE,),
        # watching signed reads, and correcting them; readers see their own reminders only
        "check.view": (_OPS, _SCIENCE, *_OVERSIGHT),
        "check.run": (_OPS, _SCIENCE),
        "check.dispose": (_OPS, _SCIENCE),
        "reminder.view": (_PM, _OPS, _SCIENCE, _REVIEWERS, *_OVERSIGHT),
        "reminder.issue": (_SCIENCE,),
        "reminder.acknowledge": (_READER,),
        "rollback.view": (_PM, _OPS, _SCIENCE, _REVIEWERS, _DATA, *_OVERSIGHT),
        "rollback.request": (_PM, _SCIENCE),
        "rollback.approve_science": (_SCIENCE,),
        "rollback.approve_project": (_PM,),
        "rollback.refuse": (_PM, _SCIENCE),
        "rollback.acknowledge": (_SPONSOR,),
        "retraining.view": (_PM, _OPS, _SCIENCE, _REVIEWERS, *_OVERSIGHT),
        "retraining.order": (_SCIENCE, _REVIEWERS),
        # delivery
        "cut.view": (_PM, _PORTFOLIO, _DATA, _SCIENCE, _SPONSOR, _RECIPIENT, *_OVERSIGHT),
        "cut.make": (_DATA,),
        "cut.download": (_DATA, _SPONSOR, _RECIPIENT),
        "cut.acknowledge": (_SPONSOR, _RECIPIENT),
        "cut.verify": (_DATA, *_OVERSIGHT),
        "visits.compare": (_DATA, _PARTNER),
        # oversight
        "trail.view": (*_STAFF, *_OVERSIGHT),
        "trail.own_site": (_SITE,),
        # people
        "account.self": tuple(Role),
        "user.manage": (_ADMIN,),
        "system.view": (_ADMIN,),
    }.items()
}


def right(name: str) -> str:
    """Return a right's name, or fail where the code that uses it is imported.

    Raises:
        KeyError: the table has no such right.
    """
    if name not in PERMISSIONS:
        raise KeyError(f"no right is named {name!r}")
    return name


def rights_of(roles: Iterable[str]) -> dict[str, str]:
    """Return right -> granting role for a set of roles; the order of ``Role`` breaks ties."""
    held = set(roles)
    ordered = [role.value for role in Role if role.value in held]
    granted: dict[str, str] = {}
    for name, grantees in PERMISSIONS.items():
        for role in ordered:
            if role in grantees:
                granted[name] = role
                break
    return granted
