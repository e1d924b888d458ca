"""The dossier of a read: which version is pinned, who may open it now, and each opening on record.

``open_in_read`` and ``open_in_case`` are the only ways from a reader to the contents of a dossier;
both write the row that says who saw which version, when and in which read. The rule itself is in
``reads.design.dossiers``.
"""

from __future__ import annotations

from reads.services.dossiers.cases import open_in_case, places_of_case, shelf_of_case
from reads.services.dossiers.opening import Opened, open_in_read
from reads.services.dossiers.pages import OPENING_LASTS, page_of
from reads.services.dossiers.panel import Look, Shelf, shelf, summary
from reads.services.dossiers.steps import begin_anew, start_over, was_begun_anew
from reads.services.dossiers.versions import (
    Place,
    applied_version,
    pin,
    pin_all,
    pinned_version,
    places,
    points_of,
    repin,
)
from reads.services.dossiers.waiting import (
    may_be_read,
    missing,
    review_waits,
    reviews_waiting,
    waits_in,
)

__all__ = [
    "OPENING_LASTS",
    "Look",
    "Opened",
    "Place",
    "Shelf",
    "applied_version",
    "begin_anew",
    "may_be_read",
    "missing",
    "open_in_case",
    "open_in_read",
    "page_of",
    "pin",
    "pin_all",
    "pinned_version",
    "places",
    "places_of_case",
    "points_of",
    "repin",
    "review_waits",
    "reviews_waiting",
    "shelf",
    "shelf_of_case",
    "start_over",
    "summary",
    "waits_in",
    "was_begun_anew",
]
