"""What happens when a submission goes out of work, in words, before anybody confirms it.

A site withdraws what it sent by mistake; image operations reject what cannot be used. Both end the
submission for ever and destroy nothing (ALCOA+: what was received stays attributable).
"""

from __future__ import annotations

from collections.abc import Iterator

from imaging.models import Submission
from imaging.services import package
from imaging.services.readers import Consequence
from ui.figures import counted

_STANDS = ("received", "deidentified", "in_qc", "held", "released")
_OPEN_QUERIES = ("open", "answered", "reopened")


def consequences(row: Submission) -> list[Consequence]:
    """Return what a withdrawal or rejection does to files, quality control, visit and reads.

    The words hold for a site too: they tell no result and count no read.
    """
    return [*_of_files(row), *_of_visit(row), _of_reads(row)]


def _of_files(row: Submission) -> Iterator[Consequence]:
    if row.file_count:
        goes = "goes" if row.file_count == 1 else "go"
        yield Consequence(
            f"{counted(row.file_count, 'file')} of {row} {goes} no further and never "
            f"{'reaches' if row.file_count == 1 else 'reach'} a reader. The originals stay sealed."
        )
    else:
        yield Consequence("No file was sent yet: the form closes as it is.", tone="idle")
    if row.reviews.filter(state="open").exists():
        yield Consequence("The QC review under way ends without a decision.")


def _of_visit(row: Submission) -> Iterator[Consequence]:
    others = row.time_point.submissions.exclude(pk=row.pk).filter(state__in=_STANDS)
    standing = ", ".join(str(one) for one in others.order_by("number"))
    if standing:
        yield Consequence(f"{row.time_point.label} keeps {standing}.", tone="good")
    elif row.time_point.state in {"expected", "received", "in_qc"}:
        yield Consequence(f"{row.time_point.label} waits for images again.")
    asked = row.time_point.queries.filter(state__in=_OPEN_QUERIES).count()
    if asked:
        stays = "stays" if asked == 1 else "stay"
        yield Consequence(f"{counted(asked, 'query', 'queries')} of the visit {stays} open.")


def _of_reads(row: Submission) -> Consequence:
    if package.released(row.time_point) is None:
        return Consequence("No reader has seen these images: no read changes.", tone="good")
    return Consequence(
        "Reads of this visit rest on what was released before and stay as they are.", tone="good"
    )
