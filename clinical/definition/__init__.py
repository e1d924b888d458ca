"""What a dossier must hold, as data: items by criterion and time point, and checks of values.

Pure: no framework, no database. A definition is a controlled JSON document
(``dossier-definition/1``); a value is checked against its item and comes back in one canonical
form, or with plain sentences that say what is wrong.
"""

from clinical.definition.checking import Checked, Entered, checked
from clinical.definition.days import PartialDate, day_words, partial_date, written
from clinical.definition.difference import Change, difference
from clinical.definition.document import (
    SCHEMA,
    Choice,
    Column,
    Definition,
    Item,
    Moment,
    problems_of,
    read,
)
from clinical.definition.exchange import read_yaml, to_yaml

__all__ = [
    "SCHEMA",
    "Change",
    "Checked",
    "Choice",
    "Column",
    "Definition",
    "Entered",
    "Item",
    "Moment",
    "PartialDate",
    "checked",
    "day_words",
    "difference",
    "partial_date",
    "problems_of",
    "read",
    "read_yaml",
    "to_yaml",
    "written",
]
