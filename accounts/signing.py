"""The sign dialog of every page: what it shows, and the signer it proves.

A dialog carries the digest of the content that was on the page. ``proven`` compares it before it
asks who signs, and the gateway compares it again inside the act's transaction, so nobody signs what
they did not see (21 CFR 11.70). No other module proves a posted signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.sentences import role_words
from accounts.signatures import (
    Assent,
    content_digest,
    needs_second_factor,
    prove,
    signatures_of,
)
from audit import clock
from audit.actors import Actor
from audit.errors import SignatureRefused
from ui.records import SignRequest

#: the hidden field that says what the signer saw
DIGEST = "digest"


def sign_request(  # noqa: PLR0913 - a dialog has this many sides
    request: Any,
    row: Any,
    *,
    title: str,
    url: str,
    facts: Sequence[tuple[str, str]],
    statement: str,
    consequence: str,
    dialog_id: str = "sign",
    label: str = "",
    errors: Sequence[str] = (),
    hidden: Sequence[tuple[str, str]] = (),
    actor: Actor | None = None,
) -> SignRequest:
    """Return what the sign dialog shows of a row and sends back with the password.

    Args:
        request: of a page of a study; its actor signs.
        row: a ``Signable``; the dialog is bound to its content as it is now.
        hidden: further fields that are sent.
        actor: the signer in another role than the page's.
    """
    signer = actor or request.actor
    return SignRequest(
        dialog_id=dialog_id,
        title=title,
        url=url,
        facts=tuple(facts),
        meaning=statement,
        consequence=consequence,
        printed_name=signer.name,
        role=role_words(signer.role),
        now=clock.now(),
        zone=signer.zone,
        needs_second_factor=needs_second_factor(request.user),
        hidden=((DIGEST, content_digest(row)), *hidden),
        errors=tuple(errors),
        sign_label=label,
    )


def proven(
    request: Any, row: Any, *, meaning: str, statement: str, actor: Actor | None = None
) -> Assent:
    """Recognise the signer from the posted dialog about ``row``; call outside any transaction.

    Raises:
        SignatureRefused: the dialog does not say which content was seen, or the row has another
            content now; or the password or code is wrong, or signing is locked. Nothing is signed.
    """
    seen = request.POST.get(DIGEST, "")
    if not seen:
        raise SignatureRefused(
            _("The page did not say what you saw. Nothing was signed; look again and sign here."),
            rule="signature.unseen",
        )
    if seen != content_digest(row):
        raise SignatureRefused(
            _("The content changed after you opened it. Nothing was signed; look at it again."),
            rule="signature.content",
        )
    return prove(
        request.user,
        actor or request.actor,
        password=request.POST.get("password", ""),
        code=request.POST.get("code", ""),
        meaning=meaning,
        statement=statement,
        seen_digest=seen,
    )


def shown_signatures(row: Any) -> list[dict[str, Any]]:
    """Return the signatures on a record as the component shows them."""
    return [
        {
            "printed_name": shown.signature.printed_name,
            "role": role_words(shown.signature.role),
            "meaning": shown.signature.statement,
            "when": shown.signature.signed_at,
            "zone": shown.signature.zone,
            "record_hash": shown.signature.content_digest,
            "is_valid": shown.valid,
        }
        for shown in signatures_of(row)
    ]
