"""Sign dialogs of a data cut: release by data management, receipt by the sponsor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.urls import reverse

from accounts.sentences import role_words
from accounts.signatures import Assent, content_digest, needs_second_factor, prove, signatures_of
from audit import clock
from exports.models import DataCut
from ui.figures import bytes_words
from ui.moments import day_words
from ui.records import SignRequest


@dataclass(frozen=True, slots=True)
class Signing:
    """One kind of signature on a cut."""

    meaning: str
    statement: str
    consequence: str
    title: str
    label: str
    route: str


RELEASE = Signing(
    meaning="release",
    statement="I release this data cut for delivery.",
    consequence="The sponsor and the data recipients are told and can take the files.",
    title="Release",
    label="Sign and release",
    route="cut-release",
)
RECEIPT = Signing(
    meaning="receipt",
    statement="I received this data cut and checked its digests.",
    consequence="The receipt is kept with the cut.",
    title="Confirm receipt of",
    label="Sign receipt",
    route="cut-acknowledge",
)


def request_for(
    request: Any, cut: DataCut, kind: Signing, *, errors: Sequence[str] = ()
) -> SignRequest:
    """Return what the sign dialog shows; the hidden digest binds it to the content seen now."""
    actor = request.actor
    total = cut.files.aggregate(total=Sum("size"))["total"] or 0
    right = "cut.make" if kind is RELEASE else "cut.acknowledge"
    return SignRequest(
        dialog_id=f"sign-{kind.meaning}",
        title=f"{kind.title} {cut.title}",
        url=reverse(kind.route, args=[request.study.code, cut.pk]),
        facts=(
            ("You sign", f"{cut.files.count()} files, {bytes_words(total)}"),
            ("Cut-off", day_words(cut.cut_off)),
            ("Open items", f"{len(cut.open_items)} accepted" if cut.open_items else "None"),
            ("Manifest", f"SHA-256 {cut.manifest_digest}"),
        ),
        meaning=kind.statement,
        consequence=kind.consequence,
        printed_name=actor.name,
        role=role_words(actor.acting_as(right).role).lower(),
        now=clock.now(),
        zone=actor.zone,
        needs_second_factor=needs_second_factor(request.user),
        hidden=(("digest", content_digest(cut)),),
        errors=tuple(errors),
        sign_label=kind.label,
    )


def proven(request: Any, kind: Signing) -> Assent:
    """Recognise the signer from the posted dialog; call outside any transaction.

    Raises:
        SignatureRefused: wrong password or code, or signing is locked.
    """
    return prove(
        request.user,
        request.actor,
        password=request.POST.get("password", ""),
        code=request.POST.get("code", ""),
        meaning=kind.meaning,
        statement=kind.statement,
        seen_digest=request.POST.get("digest", ""),
    )


def shown(cut: DataCut) -> list[dict[str, Any]]:
    """Return the signatures on a cut as the component shows them."""
    return [
        {
            "printed_name": one.signature.printed_name,
            "role": role_words(one.signature.role).lower(),
            "meaning": one.signature.statement,
            "when": one.signature.signed_at,
            "zone": one.signature.zone,
            "record_hash": one.signature.content_digest,
            "is_valid": one.valid,
        }
        for one in signatures_of(cut)
    ]
