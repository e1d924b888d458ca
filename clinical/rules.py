"""What must hold before a dossier goes on; the answers name what is wrong in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.states import GuardResult

if TYPE_CHECKING:
    from clinical.models import Discrepancy, Dossier, Reconciliation


def _result(rule: str, problems: list[str], good: str, bad: str) -> GuardResult:
    if not problems:
        return GuardResult(rule, True, good)
    return GuardResult(rule, False, f"{bad} {' '.join(problems)}")


def every_required_item_is_there(dossier: Dossier) -> GuardResult:
    """Guard: every required item has a value, or says why it has none."""
    from clinical.services import standing

    missing = [f"“{label}”." for label in standing.missing_of(dossier)]
    return _result("CLD-001", missing, "Every required item is there.", "Still missing:")


def items_agree_with_the_definition(dossier: Dossier) -> GuardResult:
    """Guard: kinds, units, choices and dates are those of the definition."""
    from clinical.services import standing

    problems = [str(one) for one in standing.problems_of(dossier)]
    return _result("CLD-002", problems, "Every item agrees with its definition.", "Not as agreed:")


def texts_tell_nothing(dossier: Dossier) -> GuardResult:
    """Guard: no free text names the subject, a person, the site, the sponsor or a day."""
    from clinical.services import blinding

    problems = blinding.sentences_of(dossier)
    return _result("CLD-003", problems, "No text tells who or when.", "A text could unblind:")


def every_difference_is_settled(row: Reconciliation) -> GuardResult:
    """Guard: a comparison closes when every difference is disposed of (product J4)."""
    number = row.discrepancies.exclude(state="settled").count()
    if not number:
        return GuardResult("RCN-010", True, "Every difference is disposed of.")
    words = "difference waits" if number == 1 else "differences wait"
    return GuardResult("RCN-010", False, f"{number} {words} to be disposed of.")


def no_newer_comparison(row: Discrepancy) -> GuardResult:
    """Guard: only the newest comparison with a source is worked on."""
    from clinical.models import Reconciliation

    one = row.reconciliation
    newer = (
        Reconciliation.objects.in_study(row.study_id)
        .filter(source__iexact=one.source, number__gt=one.number)
        .exclude(state__in=("draft", "discarded"))
        .order_by("-number")
        .first()
    )
    if newer is None:
        return GuardResult("RCN-008", True, "It is the newest comparison with this source.")
    return GuardResult("RCN-008", False, f"{newer} compared this source later; work there.")


def no_query_holds_it_up(dossier: Dossier) -> GuardResult:
    """Guard: no open query about the dossier holds it up (product I2, TR9)."""
    from clinical.services import asked

    waiting = asked.holding_up(dossier)
    if not waiting:
        return GuardResult("CLD-005", True, "No open query holds it up.")
    names = ", ".join(str(query) for query in waiting)
    verb = "is" if len(waiting) == 1 else "are"
    text = f"{names} about this dossier {verb} open and must be closed or cancelled first."
    return GuardResult("CLD-005", False, text)


def documents_are_released(dossier: Dossier) -> GuardResult:
    """Guard: each document was redacted and released by a person."""
    waiting = [
        f"{item.document} is {item.document.get_state_display().lower()}."
        for item in dossier.items.select_related("document").exclude(document=None)
        if item.document is not None and item.document.state != "released"
    ]
    return _result("CLD-004", waiting, "Every document is released.", "Not released yet:")
