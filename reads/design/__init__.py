"""The read design of a study: the charter's decisions as data (decisions 10 and 11).

Pure: no Django, no database. ``document`` reads a design, ``problems`` says what is wrong with it,
``clauses`` puts each decision into the charter's words, ``charter`` renders the whole text,
``specification`` lists clause, item, check and test, ``changes`` tells two versions apart, and
``exchange`` reads and writes YAML.
"""

from reads.design.document import VARIABLES, ReadDesign, design_from, versions_of
from reads.design.problems import problems

__all__ = ["VARIABLES", "ReadDesign", "design_from", "problems", "versions_of"]
