"""The pages of the documentation that are written by the code itself: workflows and permissions.

They are printed from the very tables that the platform obeys, so they cannot say anything else; a
test fails while a page on disk differs.
"""

from __future__ import annotations

from collections.abc import Iterator

from accounts.permissions import BLINDED_ROLES, DUTY_OF, PERMISSIONS, Duty, Role
from audit.states import WORKFLOWS, Step, Workflow
from studies.workflows import SYSTEM

_WORKFLOWS = """\
# Workflows

<!-- Written by `manage.py write_docs`; a test compares it with the code. -->

Every state changes through one gateway (`audit/states.py`, `Workflow.move`): it locks the row, asks
for the right, the reason and the signature, checks the conditions, and writes the row, its version
and the event in one transaction. A step that is not in these tables does not exist. *The platform*
means a named service, never a person.

The tables are compared with tables drawn by hand in `tests/audit/test_workflow_tables.py`.
"""

_PERMISSIONS = """\
# Permissions

<!-- Written by `manage.py write_docs`; a test compares it with the code. -->

One table (`accounts/permissions.py`) says which role holds which right. Roles are held in a study
for a dated period. What a right shows is fenced further: by study, by site (site users), and by
blinding (readers see their own work only) in `studies/scoping.py`, `visible_to`. What may not be
seen answers 404.

## Duties

Roles of different duties exclude each other for one person in one study at one time; the database
refuses the mixture (`membership_duties_exclude`). An administrator holds nothing else anywhere
(`membership_admin_alone`).
"""


def workflows_page() -> str:
    """Return ``docs/workflows.md``: every workflow as a diagram and a table."""
    lines = [_WORKFLOWS]
    for name in sorted(WORKFLOWS):
        lines += _workflow(WORKFLOWS[name])
    return "\n".join(lines).rstrip() + "\n"


def _workflow(workflow: Workflow) -> Iterator[str]:
    yield from (f"## {workflow.name}", "", "```mermaid", workflow.diagram(), "```", "")
    yield "| Step | From | To | Who | Asks for | Conditions |"
    yield "|---|---|---|---|---|---|"
    for step in workflow.steps:
        cells = (
            f"{step.label} (`{step.name}`)",
            ", ".join(state for state in workflow.states if state in step.sources),
            step.target,
            _who(step.right),
            _asks(step),
            "<br>".join(_first_line(guard.__doc__) for guard in step.guards) or "–",
        )
        yield "| " + " | ".join(cells) + " |"
    yield ""


def _who(right: str) -> str:
    if right == SYSTEM:
        return "the platform"
    return ", ".join(role.label for role in Role if role in PERMISSIONS[right])


def _asks(step: Step) -> str:
    asks = [
        word
        for word, needed in (("reason", step.needs_reason), ("signature", step.needs_signature))
        if needed
    ]
    return " and ".join(asks) or "–"


def _first_line(text: str | None) -> str:
    return " ".join((text or "").strip().split("\n\n")[0].split())


def permissions_page() -> str:
    """Return ``docs/permissions.md``: duties, and who holds which right."""
    lines = [_PERMISSIONS, "| Duty | Roles |", "|---|---|"]
    for duty in Duty:
        roles = ", ".join(role.label for role in Role if DUTY_OF[role] == duty)
        lines.append(f"| {duty.label} | {roles} |")
    lines += ["", "## Rights", ""]
    lines.append("| Right | " + " | ".join(_short(role) for role in Role) + " |")
    lines.append("|---|" + ":-:|" * len(Role))
    for right, holders in PERMISSIONS.items():
        marks = " | ".join("●" if role in holders else "" for role in Role)
        lines.append(f"| `{right}` | {marks} |")
    blinded = ", ".join(role.label for role in Role if role in BLINDED_ROLES)
    lines += ["", f"Blinded roles: {blinded}."]
    return "\n".join(lines) + "\n"


def _short(role: Role) -> str:
    return role.label.replace(" ", "<br>")


PAGES = {"workflows.md": workflows_page, "permissions.md": permissions_page}
