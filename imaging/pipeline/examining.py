"""The first look at a received file: verdict, sealed facts, identity in it, facts for the checks.

The files of a series share most of their header: of a file of a known layout only what varies is
read, and the result is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imaging.pipeline.deidentify.profile import Profile
from imaging.pipeline.deidentify.tokens import IdentityTokens, TokenCollector
from imaging.pipeline.layout import Layouts, Recognised
from imaging.pipeline.technical_qc.facts_reader import FactsForm
from imaging.pipeline.technical_qc.file_facts import FileFacts
from imaging.pipeline.technical_qc.reading import facts_of_file
from imaging.pipeline.verify import (
    Header,
    Judged,
    SealedFacts,
    Verified,
    read_header,
    sealed_like,
    verify_header,
)

Opened = tuple[Verified, IdentityTokens, FileFacts | None]


@dataclass(frozen=True, slots=True)
class _Form:
    """What the files of one layout share."""

    sealed: SealedFacts
    facts: FactsForm


class Examiner:
    """Examines the files of one upload, in any order; remembers layouts and identity."""

    def __init__(self, profile: Profile, *, key: bytes, only: frozenset[str] | None) -> None:
        """`key` is the study's key for hashes; `only` names the parameters that are wanted."""
        self._key, self._only = key, only
        self._collector = TokenCollector(profile)
        self._layouts = Layouts()

    def examine(self, data: bytes, file: Callable[[], Path]) -> Opened:
        """Return the header's verdict, the identity that no file before gave, and the facts.

        `file` writes an odd file out for a reader that needs one.  Raises Malformed.
        """
        known = self._layouts.recognise(data)
        form: _Form | bool | None = known.layout.memory if known else None
        if known and isinstance(form, _Form):
            return self._known(known, form)
        header = read_header(data)
        verified = verify_header(header, key=self._key)
        tokens = self._collector.add(header)
        facts = facts_of_file(header, file, key=self._key, only=self._only)
        if known is None:
            judged = Judged(verified.identity, verified.image, verified.warnings)
            self._layouts.learn(header, judged)
        elif form is None:
            known.layout.memory = self._form(known, header, verified) or False
        return verified, tokens, facts

    def _form(self, known: Recognised, header: Header, verified: Verified) -> _Form | None:
        facts = FactsForm.of(known, header, key=self._key, only=self._only)
        return _Form(verified.sealed, facts) if facts else None

    def _known(self, known: Recognised, form: _Form) -> Opened:
        identity, image, warnings = known.judged
        sealed = sealed_like(form.sealed, identity, known.text, known.varying.keys(), key=self._key)
        verified = Verified(identity, sealed, image, warnings)
        return verified, self._collector.add_varying(known), form.facts.read(known)
