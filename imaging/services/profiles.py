"""De-identification profiles as controlled configuration: propose, compare, try, export.

A profile reaches a study as a draft of the kind `deid_profile`; the steps to effective are those of
every configuration.  The validator of the kind compiles the document and runs it over the stored
sample headers: a profile that leaves identity or harms an acquisition value cannot leave the draft.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import yaml

from audit.actors import Actor
from audit.errors import RuleBroken
from imaging.pipeline.deidentify import Profile, ProfileInvalid
from imaging.pipeline.deidentify.difference import Change, difference
from imaging.pipeline.deidentify.profile import PROFILES, compile_profile, load_profile
from imaging.pipeline.deidentify.regression import Regression, regression
from studies.models import Configuration, Study
from studies.models.configuration import document_digest
from studies.services import configuration

KIND: Final = Configuration.Kind.DEID_PROFILE
KEY: Final = "trial"
LARGEST_FILE: Final = 2_000_000
SHOWN_PROBLEMS: Final = 8
#: files beside the profile that decide with it, by the entry that records their digest
LISTS: Final = {
    "vocabulary_sha256": "vocabulary.txt",
    "meanings_sha256": "meanings.txt",
    "private_safe_sha256": "private_safe.json",
    "private_numbers_sha256": "private_numbers.json",
}


def versions(study: Study | Any) -> list[Configuration]:
    """Return every version of the study's profiles, newest first."""
    return configuration.versions_of(study, KIND)


def effective_or_none(study: Study | Any) -> Configuration | None:
    """Return the profile that holds now, or nothing."""
    return configuration.effective_or_none(study, KIND)


def before(made: Configuration) -> Configuration | None:
    """Return what a version is compared with: the effective one, else the version before it."""
    holding = effective_or_none(made.study_id)
    if holding is not None and holding.pk != made.pk:
        return holding
    rows = Configuration.objects.in_study(made.study_id).filter(kind=KIND, key=made.key)
    found: Configuration | None = rows.filter(version__lt=made.version).order_by("-version").first()
    return found


def compiled(made: Configuration) -> Profile:
    """Return the profile of a version.  Raises ProfileInvalid."""
    return compile_profile(made.document, made.digest)


def problems_of(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a profile, in words: its entries, or its run over the samples."""
    try:
        profile = compile_profile(document, document_digest(document))
    except ProfileInvalid as error:
        return [str(error)]
    found = [failure.sentence for failure in _alone(profile).failures]
    rest = len(found) - SHOWN_PROBLEMS
    return found if rest <= 0 else [*found[:SHOWN_PROBLEMS], f"and {rest} more"]


class _ByDigest:
    """A profile as a key of caches: two profiles of one digest are the same."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByDigest) and other.profile.digest == self.profile.digest

    def __hash__(self) -> int:
        return hash(self.profile.digest)


@lru_cache(maxsize=32)
def _run(new: _ByDigest, old: _ByDigest | None) -> Regression:
    return regression(new.profile, old.profile if old else None)


def _alone(profile: Profile) -> Regression:
    return _run(_ByDigest(profile), None)


def trial_run(new: Profile, old: Profile | None) -> Regression:
    """Run a profile over the stored samples, beside another when given.

    The result depends on the two documents and the installed software only, so it is remembered.
    """
    return _run(_ByDigest(new), _ByDigest(old) if old else None)


def changes(new: Profile, old: Profile) -> tuple[Change, ...]:
    """Return every change from `old` to `new` in words."""
    return difference(old, new)


def shipped() -> Profile:
    """Return the profile that comes with the software."""
    return load_profile(KEY)


def other_lists(document: Mapping[str, Any]) -> list[str]:
    """Name the word and element lists that differ from those the document was made with."""
    return [
        name
        for entry, name in LISTS.items()
        if entry in document
        and document[entry] != hashlib.sha256((PROFILES / name).read_bytes()).hexdigest()
    ]


def read_document(text: str) -> dict[str, Any]:
    """Read a profile from JSON or YAML text.

    Raises:
        RuleBroken: DEID-001 the text is too long, cannot be read or is no document.
    """
    if len(text) > LARGEST_FILE:
        raise RuleBroken("The file is larger than a profile can be.", rule="DEID-001")
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as problem:
        raise RuleBroken(
            "The file is neither JSON nor YAML that can be read. Nothing was kept.",
            rule="DEID-001",
        ) from problem
    if not isinstance(document, dict) or "actions" not in document:
        raise RuleBroken(
            "The file is not a de-identification profile. Nothing was kept.", rule="DEID-001"
        )
    return document


def propose(study: Study, text: str, *, title: str, actor: Actor) -> Configuration:
    """Keep a profile as the next draft of the study.

    Raises:
        NotPermitted: the actor may not edit configuration.
        RuleBroken: DEID-001 the text is no profile; CFG-001 the profile has problems.
    """
    actor.require("configuration.edit")
    document = read_document(text)
    holding = effective_or_none(study)
    return configuration.draft(
        study,
        kind=KIND,
        key=holding.key if holding else KEY,
        title=title.strip() or str(document.get("title", "De-identification profile"))[:200],
        document=document,
        actor=actor,
    )


def as_yaml(made: Configuration) -> str:
    """Return the document as YAML that `propose` reads again unchanged."""
    return yaml.safe_dump(made.document, sort_keys=True, allow_unicode=True, width=100)
