"""PDF records: a Typst template of an app, filled with plain facts, the same bytes every time.

A template lies in ``<app>/paper/<name>.typ``, begins with ``#import "/ui/paper/house.typ": *`` and
finds what it prints in ``facts``. Nothing is fetched, no font of the system is used: two machines
print the same bytes for the same facts and instant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import typst
from django.core.serializers.json import DjangoJSONEncoder

ROOT = Path(__file__).resolve().parents[2]


class PaperError(RuntimeError):
    """A template could not be printed; the message is the compiler's."""


def pdf(
    template: str,
    facts: Mapping[str, Any],
    *,
    made_at: datetime,
    pictures: Mapping[str, bytes] | None = None,
) -> bytes:
    """Print a record as PDF/A-2b.

    Args:
        template: path below the project, such as ``imaging/paper/receipt.typ``.
        facts: what is printed; anything that Django can write as JSON.
        made_at: the instant of the record, which becomes the date of the document.
        pictures: PNG or JPEG bytes by name, shown with ``picture("name", ..)``.

    Raises:
        PaperError: the template does not compile with these facts.
    """
    inputs = {
        "facts": json.dumps(dict(facts), cls=DjangoJSONEncoder, sort_keys=True),
        "pictures": json.dumps({name: list(data) for name, data in (pictures or {}).items()}),
    }
    try:
        made: bytes = typst.compile(
            str(ROOT / template),
            root=str(ROOT),
            ignore_system_fonts=True,
            sys_inputs=inputs,
            pdf_standards="a-2b",
            timestamp=int(made_at.timestamp()),
        )
    except typst.TypstError as problem:
        raise PaperError(f"{template}: {problem}") from problem
    return made
