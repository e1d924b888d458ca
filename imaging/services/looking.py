"""Looking for text in pixels before an upload is cleaned: sampled or each image, by its kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from audit import clock
from imaging.models import ReceivedFile, Submission
from imaging.pipeline.burned_in import Finding, TextFinder, recogniser
from imaging.pipeline.deidentify.holds import Look, hold_reason, look_of
from imaging.pipeline.reasons import sentence
from imaging.pipeline.sandbox import Contained, Sandbox, SandboxLimits
from imaging.services.holds import ANSWERED_BY_LOOKING
from imaging.services.intake import Examined, Intake, Tick

LIMITS = SandboxLimits(memory_bytes=8 * 1024**3, cpu_seconds=120, wall_seconds=300.0)
# A stack this long is held as a whole when its sample shows text; looking through takes minutes.
LOOKED_THROUGH = 400


def hold_what_shows_text(submission: Submission, intake: Intake, tick: Tick) -> set[int]:
    """Hold files whose kind or pixels need a person; return the ids of all files held.

    What was judged in an earlier run is not judged again.
    """
    accepted = frozenset(submission.lifted_holds)
    held = {
        pk: code
        for pk, code in submission.files.filter(outcome="held").values_list("pk", "code")
        if code not in accepted
    }
    decided = set(submission.files.filter(decision__state="effective").values_list("pk", flat=True))
    looked = set(submission.files.exclude(looked_at=None).values_list("pk", flat=True))
    each: list[Examined] = []
    stacks: dict[str, list[Examined]] = defaultdict(list)
    for item in intake.examined:
        image = item.verified.image
        by_person = item.row.pk in decided
        known = accepted | ANSWERED_BY_LOOKING if by_person else accepted
        code = hold_reason(image, accepted=known)
        if code:
            held[item.row.pk] = code
        elif by_person or item.row.pk in looked:
            continue
        else:
            _put(item, each, stacks)
    _hold(submission, held)
    if each or stacks:
        found = _look(each, stacks, accepted, tick)
        _hold(submission, found)
        held |= found
        judged = [item.row.pk for members in (each, *stacks.values()) for item in members]
        submission.files.filter(pk__in=judged).update(looked_at=clock.now())
    return set(held)


def may_show_text(intake: Intake, tick: Tick) -> bool:
    """Tell whether a person may have to see a file, by its kind or the sample of its stack.

    Kinds of which each image is looked at are not looked at here: that is done once, when they are
    signed. Nothing is written down.
    """
    stacks: dict[str, list[Examined]] = defaultdict(list)
    for item in intake.examined:
        image = item.verified.image
        if hold_reason(image, accepted=frozenset()) or look_of(image) is Look.EACH:
            return True
        _put(item, [], stacks)
    return bool(_look([], stacks, frozenset(), tick)) if stacks else False


def note_looked(submission: Submission, intake: Intake) -> None:
    """Write down that stacks were judged by their samples, as ``may_show_text`` did."""
    judged = [
        item.row.pk for item in intake.examined if look_of(item.verified.image) is Look.SAMPLE
    ]
    if judged:
        submission.files.filter(pk__in=judged, looked_at=None).update(looked_at=clock.now())


def _put(item: Examined, each: list[Examined], stacks: dict[str, list[Examined]]) -> None:
    """Sort a file to those that are looked at one by one, or to its stack that is sampled."""
    image = item.verified.image
    if look_of(image) is Look.EACH:
        each.append(item)
    elif look_of(image) is Look.SAMPLE:
        shape = (image.image_type, image.rows, image.columns, image.modality)
        stacks[item.verified.identity.series_uid + repr(shape)].append(item)


def _hold(submission: Submission, held: dict[int, str]) -> None:
    now = clock.now()
    for pk, code in held.items():
        rows = submission.files.filter(pk=pk).exclude(outcome=ReceivedFile.Outcome.CLEANED)
        rows.update(outcome=ReceivedFile.Outcome.HELD, code=code, reason=sentence(code)[:300])
        rows.filter(held_at=None).update(held_at=now)


def _look(
    each: Sequence[Examined],
    stacks: dict[str, list[Examined]],
    accepted: frozenset[str],
    tick: Tick,
) -> dict[int, str]:
    recogniser()  # once here, not in every child
    sampled = [item for members in stacks.values() for item in _sample(members)]
    with Sandbox(_start_looking, limits=LIMITS) as sandbox:
        held = _look_at(sandbox, [(i, Look.EACH) for i in each], accepted, tick)
        hits = _look_at(sandbox, [(i, Look.SAMPLE) for i in sampled], accepted, tick)
        held |= hits
        for members in stacks.values():
            if hits.keys().isdisjoint(item.row.pk for item in members):
                continue
            rest = [item for item in members if item.row.pk not in hits]
            if len(members) > LOOKED_THROUGH:
                held |= {item.row.pk: "text_in_pixels" for item in rest}
            else:
                held |= _look_at(sandbox, [(i, Look.EACH) for i in rest], accepted, tick)
    return held


def _sample(members: Sequence[Examined]) -> list[Examined]:
    def order(item: Examined) -> tuple[int, str]:
        number = item.verified.image.instance_number.strip()
        known = number.isdigit() and len(number) < 10  # noqa: PLR2004 - IS has 12 characters
        return (int(number) if known else 0, item.row.sha256)

    ordered = sorted(members, key=order)
    return [ordered[place] for place in sorted({0, len(ordered) // 2, len(ordered) - 1})]


def _start_looking() -> Callable[[tuple[str, Look]], Finding]:
    finder = TextFinder()
    return lambda work: finder.look(Path(work[0]), work[1])


def _look_at(
    sandbox: Sandbox[tuple[str, Look], Finding],
    work: Sequence[tuple[Examined, Look]],
    accepted: Iterable[str],
    tick: Tick,
) -> dict[int, str]:
    held: dict[int, str] = {}
    for position, found in sandbox.map([(str(item.path), how) for item, how in work]):
        code = "pixels_not_decoded" if isinstance(found, Contained) else found.code
        if code and code not in accepted:
            held[work[position][0].row.pk] = code
        tick(0, "Looking for text in the images")
    return held
