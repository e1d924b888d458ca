"""Forms as data: one definition format, one evaluator, for every form of the platform.

A form is a versioned JSON document. Transmittal forms, QC checklists, eCRFs and quizzes are
documents; the code holds no form as a class. The package is pure: it knows no web framework,
no database and no clock, so that the page, the API, an import and a background check reach
the same answer from the same bytes. `docs/forms.md` shows how to author a form.
"""

from studies.forms.definition import Check, Choice, Form, Item, Kind, Section
from studies.forms.derivations import DerivationError, DerivedValue
from studies.forms.errors import FormError, Problem
from studies.forms.evaluate import evaluate
from studies.forms.evaluation import Evaluation, Message
from studies.forms.values import Answer, Level, PartialDate, Status

__all__ = [
    "Answer",
    "Check",
    "Choice",
    "DerivationError",
    "DerivedValue",
    "Evaluation",
    "Form",
    "FormError",
    "Item",
    "Kind",
    "Level",
    "Message",
    "PartialDate",
    "Problem",
    "Section",
    "Status",
    "evaluate",
]
