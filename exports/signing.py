"""Sign dialogs of a data cut: release by data management, receipt by the sponsor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.urls import reverse

from accounts import signing
from accounts.signatures import Assent
from exports.models import DataCut
from ui.figures import bytes_words, counted
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
    """Return what the sign dialog of a cut shows."""
    total = cut.files.aggregate(total=Sum("size"))["total"] or 0
    return signing.sign_request(
        request,
        cut,
        dialog_id=f"sign-{kind.meaning}",
        title=f"{kind.title} {cut.title}",
        url=reverse(kind.route, args=[request.study.code, cut.pk]),
        facts=(
            ("You sign", f"{counted(cut.files.count(), 'file')}, {bytes_words(total)}"),
            ("Cut-off", day_words(cut.cut_off)),
            ("Open items", f"{len(cut.open_items)} accepted" if cut.open_items else "None"),
            ("Manifest", f"SHA-256 {cut.manifest_digest}"),
        ),
        statement=kind.statement,
        consequence=kind.consequence,
        label=kind.label,
        errors=errors,
        actor=request.actor.acting_as("cut.make" if kind is RELEASE else "cut.acknowledge"),
    )


def proven(request: Any, cut: DataCut, kind: Signing) -> Assent:
    """Recognise the signer from the posted dialog; call outside any transaction.

    Raises:
        SignatureRefused: as ``accounts.signing.proven`` says.
    """
    return signing.proven(request, cut, meaning=kind.meaning, statement=kind.statement)
