"""Why a time point is not ready to read: the guards of what comes next, in their own words."""

from __future__ import annotations

from audit.actors import Actor
from audit.states import GuardResult
from imaging.models import Submission
from imaging.workflows import SUBMISSION
from projects.addresses import address
from reads.services.dossiers import reviews_waiting
from reads.services.planning import time_points_to_read
from studies.models import Study, TimePoint
from studies.workflows import TIME_POINT
from ui.records import Action, Guard

_BEFORE_READY = ("expected", "received", "in_qc", "accepted")


def guards(
    study: Study, time_point: TimePoint, submission: Submission | None, actor: Actor
) -> list[Guard]:
    """Return what stands between a time point and the readers; failed ones first."""
    if time_point.state not in _BEFORE_READY:
        waiting = [GuardResult("TP-013", False, text) for text in reviews_waiting(time_point)]
        return [_shown(study, result, None, actor) for result in waiting]
    results = [_scans(time_point, submission), *_of_submission(submission), _earlier(time_point)]
    # What upper apps ask before reading: the dossier that the charter shows.
    waiting = TIME_POINT.guard_results(time_point, "make_ready")
    results += [result for result in waiting if not result.ok]
    found = [_shown(study, result, submission, actor) for result in results]
    return sorted(found, key=lambda guard: guard.is_met)


def _scans(time_point: TimePoint, submission: Submission | None) -> GuardResult:
    if submission is not None:
        return GuardResult("TP-010", True, f"The scans were received ({submission}).")
    text = "No scans were received yet."
    if time_point.window_to:
        text = f"No scans were received yet; the window ends {time_point.window_to:%d %b %Y}."
    return GuardResult("TP-010", False, text)


def _of_submission(submission: Submission | None) -> list[GuardResult]:
    if submission is None or submission.state not in {"received", "deidentified", "in_qc", "held"}:
        return []
    found = SUBMISSION.guard_results(submission, "release")
    if submission.state == "held":
        found.insert(0, GuardResult("IMG-010", False, f"Held: {submission.hold_reason}"))
    return found


def _earlier(time_point: TimePoint) -> GuardResult:
    waiting = []
    for other in time_points_to_read(time_point.subject):
        if other.pk == time_point.pk:
            break
        if other.state in _BEFORE_READY:
            waiting.append(other.label)
    if waiting:
        return GuardResult("TP-011", False, f"Earlier time points wait: {', '.join(waiting)}.")
    return GuardResult("TP-011", True, "Earlier time points are complete.")


def _shown(study: Study, result: GuardResult, submission: Submission | None, actor: Actor) -> Guard:
    actions: tuple[Action, ...] = ()
    if not result.ok and submission is not None and actor.may("qc.view"):
        if result.id.startswith("IMG-00") and result.id != "IMG-005":
            url = address("qc-workbench", study.code, submission.pk)
            actions = (Action(label="Open QC", url=url),)
        elif result.id == "IMG-005":
            query = submission.time_point.queries.exclude(state__in=["closed", "cancelled"]).first()
            if query is not None:
                url = address("query-page", study.code, query.pk)
                actions = (Action(label=f"Open {query}", url=url),)
    return Guard(text=result.text, is_met=result.ok, actions=actions)
