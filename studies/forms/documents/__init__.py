"""The platform's own forms, as documents. A study copies one, edits it, and pins its version."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from studies.forms.definition import Form

NAMES = ("ecrf_recist11", "qc_checklist_ct", "transmittal_ct", "transmittal_mr")


@cache
def load(name: str) -> Form:
    """One of the platform's forms, by name.

    Raises
    ------
    KeyError
        If there is no such form.
    """
    if name not in NAMES:
        raise KeyError(name)
    text = files("studies.forms.documents").joinpath(f"{name}.json").read_text("utf-8")
    return Form.from_document(json.loads(text))
