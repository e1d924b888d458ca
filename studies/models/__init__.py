"""The study as designed, by aggregate."""

from studies.models.configuration import Configuration, FormRecord
from studies.models.organisations import Organisation, Programme, Scanner, Site
from studies.models.schedule import ProtocolVersion, TimePointDefinition
from studies.models.study import Membership, MembershipSite, Study, StudySite
from studies.models.subjects import Anchor, ProtocolPeriod, Subject, TimePoint

__all__ = [
    "Anchor",
    "Configuration",
    "FormRecord",
    "Membership",
    "MembershipSite",
    "Organisation",
    "Programme",
    "ProtocolPeriod",
    "ProtocolVersion",
    "Scanner",
    "Site",
    "Study",
    "StudySite",
    "Subject",
    "TimePoint",
    "TimePointDefinition",
]
