"""Pictures of held files, made once by the worker while the originals are open, and sealed again.

Only the screen of held files shows them, to people with the right ``arrival.view``; every picture
that is shown is an event.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from audit.actors import Actor, acting
from audit.models import record
from imaging.models import ReceivedFile, Screening, Submission
from imaging.pipeline.burned_in import TextFinder
from imaging.pipeline.held_pictures import ENGINE, HeldPictures, pictures_of, pixel_digest
from imaging.pipeline.sandbox import Contained, Sandbox
from imaging.services.intake import Examined, Intake, Tick
from imaging.services.looking import LIMITS
from imaging.storage import ArrivalStore

SHORT = 12


def make(submission: Submission, intake: Intake, tick: Tick) -> None:
    """Render every held file that has no pictures yet; a file that cannot be shown says why."""
    held = set(
        submission.files.filter(outcome=ReceivedFile.Outcome.HELD, screening=None).values_list(
            "pk", flat=True
        )
    )
    work = [item for item in intake.examined if item.row.pk in held]
    with_pixels = [item for item in work if item.verified.image.has_pixels]
    for item in work:
        if not item.verified.image.has_pixels:
            _write(submission, intake, item, HeldPictures(problem="encapsulated_document"))
    if not with_pixels:
        return
    with Sandbox(_renderer, limits=LIMITS) as sandbox:
        for position, result in sandbox.map([str(item.path) for item in with_pixels]):
            made = HeldPictures(problem=result.code) if isinstance(result, Contained) else result
            _write(submission, intake, with_pixels[position], made)
            tick(0, f"Preparing held images, {position + 1:,} of {len(with_pixels):,}")


def _renderer() -> Callable[[str], HeldPictures]:
    finder = TextFinder()
    return lambda path: pictures_of(Path(path), finder)


def _write(submission: Submission, intake: Intake, item: Examined, made: HeldPictures) -> None:
    arrivals = ArrivalStore(submission.pk)
    image, sealed = item.verified.image, item.verified.sealed
    number = image.instance_number.strip()
    alike = (image.rows, image.columns, image.modality, sealed.manufacturer, sealed.model)
    Screening.objects.get_or_create(
        file=item.row,
        defaults={
            "study_id": submission.study_id,
            "modality": image.modality[:16],
            "label": _label(item),
            "series_key": sealed.series_uid_hash,
            "alike_key": _keyed(intake.key, repr((*alike, sealed.serial_hash))),
            "position": int(number) if number.isdigit() and len(number) < SHORT - 2 else 0,
            "frames": made.frames,
            "rows": made.rows or image.rows,
            "columns": made.columns or image.columns,
            "pictures": [[p.frame, arrivals.put(p.content)] for p in made.pictures],
            "boxes": [asdict(box) for box in made.boxes],
            "score": made.score,
            "pixel_sha256": pixel_digest(
                item.path, offset=image.pixel_offset, length=image.pixel_length
            )
            if image.has_pixels
            else "",
            "problem": made.problem,
            "engine_version": ENGINE,
        },
    )


def _label(item: Examined) -> str:
    """Say what kind of picture it is, in words of the standard only."""
    image = item.verified.image
    size = f"{image.columns} × {image.rows}" if image.has_pixels else "no picture"
    frames = f", {image.frames} frames" if image.frames > 1 else ""
    return f"{image.modality or 'Unknown'} {size}{frames}"[:80]


def _keyed(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def picture(screening: Screening, sha256: str, *, actor: Actor) -> bytes | None:
    """Return one sealed picture of a held file, and write down who saw it.

    Returns:
        PNG or JPEG bytes; ``None`` when the file has no such picture.

    Raises:
        NotPermitted: the actor may not see held originals.
        RuleBroken: IMG-020 the originals were destroyed.
    """
    actor.require("arrival.view")
    frame = next((int(f) for f, digest in screening.pictures if digest == sha256), None)
    if frame is None:
        return None
    submission = Submission.objects.in_study(screening.study_id).get(
        pk=screening.file.submission_id
    )
    content = ArrivalStore(submission.pk).read(sha256)
    with acting(actor.acting_as("arrival.view")):
        record(
            "arrival.view",
            submission,
            details={"file": screening.file.sha256[:SHORT], "frame": frame},
        )
    return content
