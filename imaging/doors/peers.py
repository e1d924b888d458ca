"""Who may send on the DICOM network: AE titles and addresses."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

from audit.errors import RuleBroken
from imaging.models import DicomPeer
from studies.scoping import across_studies

# AE: default character repertoire without backslash and control characters (PS3.5 6.2).
_TITLE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")


def valid_title(text: str) -> bool:
    """Tell whether a text is an AE title that says something."""
    return bool(_TITLE.fullmatch(text.strip()))


def parsed_addresses(text: str) -> list[str]:
    """Return the addresses and networks of a list separated by commas.

    Raises:
        RuleBroken: DOOR-021 there is none, or one is neither an address nor a network.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        found = [str(ip_network(part, strict=False)) for part in parts]
    except ValueError:
        found = []
    if not found:
        raise RuleBroken(
            "Give the IP addresses or networks of the sender, separated by commas "
            "(for example 192.0.2.10, 198.51.100.0/28).",
            rule="DOOR-021",
        )
    return found


def is_allowed(addresses: str, address: str) -> bool:
    """Tell whether an address is one of those allowed."""
    try:
        own = ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    mapped = getattr(own, "ipv4_mapped", None)
    own = mapped or own
    return any(own in ip_network(part) for part in parsed_addresses(addresses))


def peer_for(*, calling: str, called: str, address: str) -> DicomPeer | None:
    """Return the sender that a pair of AE titles and an address mean, or ``None``."""
    with across_studies("an association is judged before its study is known"):
        found = (
            DicomPeer.objects.filter(
                calling_title=calling.strip(), called_title=called.strip(), ended_at=None
            )
            .select_related("study", "study_site", "responsible")
            .first()
        )
    if found is None or found.study_site.state != "active":
        return None
    return found if is_allowed(found.addresses, address) else None


def in_force(peer: DicomPeer) -> DicomPeer | None:
    """Return a sender as it is now, or ``None`` when it was ended or its site takes nothing."""
    rows = DicomPeer._base_manager.select_related("study", "study_site", "responsible")
    fresh = rows.filter(pk=peer.pk, ended_at=None).first()
    return fresh if fresh is not None and fresh.study_site.state == "active" else None
