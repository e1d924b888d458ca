"""Free text of a dossier: it may not say whose it is, where, or on which day.

The check knows the subject's codes, the study's sites, its people and readers, the sponsor, and the
look of a calendar date and of an address. A hit blocks; the same check runs again when a
dossier is served, because names become known later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from accounts.models import User
from clinical.definition import Item
from clinical.models import Dossier
from clinical.services import standing
from imaging.pipeline.deidentify.profile import vocabulary
from studies.blindwords import Found, unblinding
from studies.models import Study, StudySite, Subject

WITHHELD = "[withheld]"
_PATTERNS = frozenset({"a date", "an address"})
#: parts of names of institutions that say nothing alone
_COMMON = frozenset(
    "hospital hospitals university clinic clinics centre center institute institut medical cancer "
    "oncology radiology department imaging research health pharma therapeutics biotech sciences "
    "group limited ltd gmbh inc the and for of saint general national regional".split()
)
Known = tuple[tuple[str, str], ...]


def known_words(subject: Subject) -> Known:
    """Return the words of a subject's life that no reader may see, with what they are."""
    study = Study.objects.select_related("sponsor").get(pk=subject.study_id)
    return (*words_of_subject(subject), *words_of_study(study))


def words_of_subject(subject: Subject) -> Known:
    """Return the words that name one subject."""
    return (
        (subject.code, "the subject's code"),
        (subject.reading_code, "a code of the subject"),
    )


def words_of_study(study: Study) -> Known:
    """Return the words that are the same for every subject of a study."""
    return tuple(_words(study))


def _words(study: Study) -> Iterator[tuple[str, str]]:
    yield study.sponsor.name, "the sponsor"
    # A subject may be treated at another site of the study than its own.
    places = StudySite.objects.in_study(study).select_related("site__organisation")
    for place in places:
        yield place.investigator, "an investigator"
        for name in (place.site.name, place.site.city, place.site.organisation.name):
            yield name, "a site"
    people = User.objects.filter(memberships__study_id=study.pk).distinct()
    for name in people.values_list("printed_name", flat=True):
        yield name, "a person"


def found_in(text: str, known: Known) -> list[Found]:
    """Return what in a text could tell a reader whose it is or when it was."""
    if not text:
        return []
    return unblinding(text, known, common=common_words(), patterns=_PATTERNS)


@cache
def common_words() -> frozenset[str]:
    """Return words that say nothing of a person or place when they stand alone."""
    return _COMMON | vocabulary()


def texts_of(item: Item, value: str, rows: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yield the free texts of an answer; numbers, dates and choices are none."""
    if item.kind == "text":
        yield value
    free = [column.code for column in item.columns if column.kind == "text"]
    for row in rows:
        for code in free:
            yield str(row.get(code, ""))


def sentences(item: Item, texts: Iterable[str], known: Known) -> list[str]:
    """Return one plain sentence for each word of an answer that could unblind."""
    found = [one for text in texts for one in found_in(text, known)]
    return [f"{item.label}: “{one.word}” looks like {one.why}. {_advice(one.why)}" for one in found]


def _advice(why: str) -> str:
    return (
        "Put it into the field for the date." if why == "a date" else "Write the text without it."
    )


def sentences_of(dossier: Dossier) -> list[str]:
    """Return what in the texts of a dossier could unblind, in sentences; empty when nothing."""
    known = known_words(dossier.subject)
    found = []
    for line in standing.lines_of(dossier):
        if line.kept is not None:
            texts = texts_of(line.item, line.kept.value, line.kept.rows)
            found += sentences(line.item, texts, known)
    return found


def masked(text: str, known: Known) -> str:
    """Return a text with every word withheld that could unblind."""
    for one in found_in(text, known):
        text = re.sub(rf"(?<!\w){re.escape(one.word)}(?!\w)", WITHHELD, text, flags=re.IGNORECASE)
    return text
