"""The clocks of reads: the charter's turnarounds where it sets one, else the project plan's."""

from __future__ import annotations

from audit.errors import RuleBroken
from reads.design import design_from
from studies.calendars import Plan
from studies.models import Configuration, Study
from studies.services.configuration import effective, plan_of


def plan_for(study: Study | object, design: Configuration | None = None) -> Plan:
    """Return the plan of a study with the clocks of its charter.

    Args:
        design: the charter version that is pinned; without it the effective one, if there is one.
    """
    plan = plan_of(study)
    if design is None:
        try:
            design = effective(study, Configuration.Kind.READ_DESIGN)
        except RuleBroken:  # a study that has no charter yet runs by its plan
            return plan
    return plan.with_clocks(design_from(design.document).clocks, source=str(design))
