"""Drawing readers for subjects: the pure rules of ``reads.staffing`` over what the tables hold."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from accounts.models import User
from audit import clock
from audit.errors import RuleBroken
from reads.design import ReadDesign
from reads.models import AdjudicationCase, Reader, ReaderStream, ReadTask
from reads.services.clocks import plan_for
from reads.services.qualifying import is_qualified, qualified_readers
from reads.services.register import conflicting_sites, holding_contract, is_there
from reads.staffing.assignment import Candidate, Case, draw
from reads.staffing.forecast import weeks_of
from reads.visibility import BEFORE_READY, OPEN
from studies.models import Configuration, Study, Subject

#: room of a reader whom the register does not know
UNLIMITED = 1_000_000
#: how an oncologist's specialty is written in the register
ONCOLOGY = "oncolog"


def turnaround_weeks(study: Study | object, design: Configuration | None = None) -> int:
    """Return the weeks that a read may take."""
    return max(1, weeks_of(plan_for(study, design).business_days("read") or 0))


def entry_of(reader: User) -> Reader | None:
    """Return a reader's entry in the register."""
    return Reader.objects.filter(user=reader).first()


def candidates(study: Study, configuration: Configuration) -> tuple[list[Candidate], list[User]]:
    """Return who may be drawn today, with the room that their capacity leaves them."""
    weeks = turnaround_weeks(study, configuration)
    people = qualified_readers(study, configuration)
    entries = {one.user_id: one for one in Reader.objects.filter(user__in=people)}
    held = _open_reads(people)
    found, users = [], []
    for user in people:
        entry = entries.get(user.pk)
        load = held[user.pk]
        if entry is None:
            found.append(Candidate(key=str(user.pk), room=UNLIMITED, load=load))
        elif is_there(entry):
            found.append(
                Candidate(
                    key=str(user.pk),
                    room=max(0, entry.per_week * weeks - load),
                    load=load,
                    areas=frozenset(entry.therapeutic_areas),
                    conflicts=frozenset(str(pk) for pk in conflicting_sites(entry, study)),
                )
            )
        else:
            continue
        users.append(user)
    return found, users


def oncologists_among(users: Sequence[User]) -> set[Any]:
    """Return the ids of those whom the register knows as oncologists."""
    entries = Reader.objects.filter(user__in=[u.pk for u in users], specialty__icontains=ONCOLOGY)
    return set(entries.values_list("user_id", flat=True))


def without_oncologists(
    found: Sequence[Candidate], users: Sequence[User], design: ReadDesign
) -> tuple[list[Candidate], list[User]]:
    """Leave oncologists to their own review, in a design that has one."""
    away = oncologists_among(users) if design.oncology_review.is_wanted else set()
    kept = [pair for pair in zip(found, users, strict=True) if pair[1].pk not in away]
    return [one for one, _ in kept], [user for _, user in kept]


def _open_reads(people: Sequence[User]) -> Counter[Any]:
    rows = ReadTask._base_manager.filter(stream__reader__in=people, state__in=OPEN)
    return Counter(rows.values_list("stream__reader_id", flat=True))


def case_of(subject: Subject, design: ReadDesign) -> Case:
    """Return a subject as the rules take it."""
    ready = subject.time_points.exclude(state__in=(*BEFORE_READY, "not_done")).count()
    return Case(
        key=str(subject.pk),
        site=str(subject.study_site.site_id),
        reads=max(1, ready),
        barred=frozenset(_barred(subject, design)),
    )


def _barred(subject: Subject, design: ReadDesign) -> set[str]:
    purposes = [ReaderStream.Purpose.EFFICACY, ReaderStream.Purpose.ONCOLOGY]
    if not design.sessions.eligibility_reader_may_read:
        purposes.append(ReaderStream.Purpose.ELIGIBILITY)
    readers = subject.streams.filter(purpose__in=purposes).values_list("reader_id", flat=True)
    cases = AdjudicationCase.objects.in_study(subject.study_id).filter(subject=subject)
    adjudicators = cases.exclude(adjudicator=None).values_list("adjudicator_id", flat=True)
    return {str(pk) for pk in (*readers, *adjudicators)}


def pairs_so_far(study: Study) -> Counter[frozenset[str]]:
    """Count how many subjects two readers read together."""
    rows = ReaderStream.objects.in_study(study).filter(purpose="efficacy", closed_reason="")
    teams: dict[Any, list[str]] = {}
    for subject, reader in rows.values_list("subject_id", "reader_id"):
        teams.setdefault(subject, []).append(str(reader))
    return Counter(frozenset(team) for team in teams.values() if len(team) > 1)


def draw_readers(
    subjects: Sequence[Subject],
    configuration: Configuration,
    design: ReadDesign,
    *,
    seed: str,
    per_subject: int = 0,
) -> Mapping[Any, list[User]]:
    """Draw the readers of subjects, in the order of their roles; nobody who has a role already.

    Args:
        per_subject: how many to draw; 0 is as many as the design asks for.

    Raises:
        RuleBroken: RD-001 a subject can have no readers; the rule that leaves too few is named.
    """
    study = subjects[0].study
    found, users = without_oncologists(*candidates(study, configuration), design)
    wanted = per_subject or design.readers
    if len(found) < wanted:
        raise RuleBroken(
            f"The design needs {wanted} qualified readers; there are {len(found)}.",
            rule="RD-001",
        )
    made = draw(
        [case_of(subject, design) for subject in subjects],
        found,
        per_subject=wanted,
        seed=seed,
        pairs=pairs_so_far(study),
    )
    if made.refused:
        raise RuleBroken(next(iter(made.refused.values())), rule="RD-001")
    by_key = {str(user.pk): user for user in users}
    return {
        subject.pk: [by_key[key] for key in made.readers[str(subject.pk)]] for subject in subjects
    }


def named_readers(
    subject: Subject,
    readers: Sequence[User],
    configuration: Configuration,
    design: ReadDesign,
    seed: str,
) -> list[User]:
    """Check readers that a person named, and draw the order of their roles."""
    if len(readers) < design.readers:
        raise RuleBroken(
            f"The design needs {design.readers} qualified readers; there are {len(readers)}.",
            rule="RD-001",
        )
    for reader in readers:
        if not is_qualified(reader.pk, configuration):
            raise RuleBroken(f"{reader.printed_name} is not qualified.", rule="RD-002")
        if _is_eligibility_reader(subject, reader, design):
            raise RuleBroken(
                f"{reader.printed_name} read the eligibility of this subject; the charter wants "
                "another reader for efficacy.",
                rule="RD-024",
            )
        entry = entry_of(reader)
        if entry is None:
            continue
        if entry.state != "active":
            raise RuleBroken(f"{reader.printed_name} is suspended.", rule="RD-019")
        if subject.study_site.site_id in conflicting_sites(entry, subject.study):
            raise RuleBroken(
                f"{reader.printed_name} has a conflict with the subject's site.", rule="RD-020"
            )
    drawn = random.Random(seed)  # noqa: S311 - an order to be reproduced, not a secret
    return drawn.sample(list(readers), k=len(readers))


def _is_eligibility_reader(subject: Subject, reader: User, design: ReadDesign) -> bool:
    return not design.sessions.eligibility_reader_may_read and bool(
        subject.streams.filter(purpose=ReaderStream.Purpose.ELIGIBILITY, reader=reader).exists()
    )


def ending_soon(study: Study, configuration: Configuration) -> list[str]:
    """Warn of readers whose contract, licence or presence ends before reads given today are due."""
    due = plan_for(study, configuration).due("read", clock.now()).at.date()
    entries = Reader.objects.filter(
        user__in=qualified_readers(study, configuration), state="active"
    )
    return [
        f"{entry}: {warning}, when reads given today are due."
        for entry in entries.select_related("user")
        for warning in _endings(entry, due)
    ]


def _endings(entry: Reader, due: date) -> Iterator[str]:
    when = f"{due:%d %b %Y}"
    if holding_contract(entry, due) is None:
        yield f"no contract holds on {when}"
    if entry.licence_until and entry.licence_until < due:
        yield f"the licence has ended on {when}"
    if not is_there(entry, due):
        yield f"away on {when}"
