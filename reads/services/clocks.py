"""The clocks of reads: the charter's turnarounds where it sets one, else the project plan's."""

from __future__ import annotations

from audit.errors import RuleBroken
from reads.design import design_from
from reads.design.document import DAYS, USUAL_TURNAROUND
from studies.calendars import Plan
from studies.models import Configuration, Study
from studies.services.configuration import effective, plan_of

#: source of a clock that neither the charter nor the plan sets
USUAL = "Usual turnaround"
SESSION_CLOCKS = ("global_review", "oncology_review", "eligibility", "confirmation")


def plan_for(study: Study | object, design: Configuration | None = None) -> Plan:
    """Return the plan of a study with the clocks of its charter.

    A clock of a session besides time points that neither sets runs by what is usual, and says so.

    Args:
        design: the charter version that is pinned; without it the effective one, if there is one.
    """
    plan = _with_usual(plan_of(study))
    if design is None:
        try:
            design = effective(study, Configuration.Kind.READ_DESIGN)
        except RuleBroken:  # a study that has no charter yet runs by its plan
            return plan
    return plan.with_clocks(design_from(design.document).clocks, source=str(design))


def _with_usual(plan: Plan) -> Plan:
    usual: dict[str, dict[str, object]] = {}
    for name, amount in USUAL_TURNAROUND.items():
        clock, _, unit = name.rpartition("_")
        if clock in SESSION_CLOCKS and clock not in plan.turnarounds:
            usual[clock] = {"amount": amount, "unit": "hours" if unit == "hours" else DAYS}
    return plan.with_clocks(usual, source=USUAL)
