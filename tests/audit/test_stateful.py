"""Random lives of a visit: nothing outside the drawn graph ever succeeds (trust T37, P07).

Hypothesis plays steps and services on a query, a submission and a time point: by every role, with
and without reason and signature, from every state. The graph drawn by hand is the oracle.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.signatures import Assent
from audit.actors import Actor, acting, service
from audit.errors import Refused, RuleBroken
from audit.models import Event
from audit.states import WORKFLOWS, DirectStateWrite
from queries import services
from queries.models import Query
from studies.models import TimePoint
from studies.scoping import scope
from tests.audit.test_workflow_tables import DRAWN, drawn_steps
from tests.imaging.upload_world import draft, make_imaging_study
from tests.world import StudyWorld

PLATFORM = "the platform"
ROLES = (
    "site_user",
    "image_operations",
    "scientific",
    "project_manager",
    "data_manager",
    "central_reader",
    "sponsor",
    PLATFORM,
)
#: Who holds the rights of these steps, drawn by hand; the platform's services hold every right.
HOLDERS = {
    "query.answer": {"site_user", "clinical_data_partner"},
    "query.close": {"image_operations", "scientific", "project_manager", "data_manager"},
    "submission.upload": {"site_user"},
    "submission.withdraw": {"site_user", "project_manager"},
    "submission.reject": {"image_operations"},
    "submission.move": {"project_manager", "image_operations"},
    "submission.hold": {"image_operations"},
    "qc.decide": {"image_operations"},
    "qc.reset": {"image_operations", "scientific"},
    "timepoint.not_done": {"site_user", "project_manager"},
    "timepoint.manage": {"project_manager", "image_operations"},
    "system": set(),
}
#: Steps with conditions of their own: they may be refused though the graph allows them.
CONDITIONAL = {
    ("submission", "receive"),
    ("submission", "take_over"),
    ("submission", "release"),
    ("query", "close"),
}
KINDS = ("query", "submission", "timepoint")


def test_every_right_of_a_drawn_step_has_its_holders_drawn() -> None:
    asked = {right for kind in KINDS for _, _, right, _ in drawn_steps(kind).values()}
    assert asked == set(HOLDERS)


class Lives(RuleBasedStateMachine):
    """One query, one submission and one time point, and what the graph says of each."""

    world: ClassVar[StudyWorld]
    actors: ClassVar[dict[str, Actor]]

    @initialize()
    def begin(self) -> None:
        self.saved = transaction.atomic()
        self.saved.__enter__()
        self.inside = scope(self.world.study)
        self.inside.__enter__()
        visit = TimePoint.objects.get(pk=self.world.time_points(self.world.subjects[0])[0].pk)
        question = services.raise_query(
            about=visit,
            study_site=self.world.sites[0],
            subject=visit.subject,
            time_point=visit,
            cause="other",
            title="Why?",
            text="Please explain.",
            requests=[services.Request("confirm", "Explain")],
            actor=self.actors["image_operations"],
        )
        self.rows: dict[str, Any] = {
            "timepoint": visit,
            "submission": draft(self.world),
            "query": question,
        }
        self.states = {"timepoint": "expected", "submission": "draft", "query": "open"}

    def teardown(self) -> None:
        if hasattr(self, "saved"):
            self.inside.__exit__(None, None, None)
            transaction.set_rollback(True)
            self.saved.__exit__(None, None, None)

    def may(self, role: str, right: str) -> bool:
        return role == PLATFORM or role in HOLDERS[right]

    @rule(
        data=st.data(),
        kind=st.sampled_from(KINDS),
        role=st.sampled_from(ROLES),
        reason=st.sampled_from(["", "  ", "because"]),
        signed=st.booleans(),
    )
    def step(self, data: Any, kind: str, role: str, reason: str, signed: bool) -> None:
        name = data.draw(st.sampled_from(sorted(drawn_steps(kind))))
        sources, target, right, asks = drawn_steps(kind)[name]
        actor, row = self.actors[role], self.rows[kind]
        allowed = (
            self.states[kind] in sources
            and self.may(role, right)
            and ("R" not in asks or bool(reason.strip()))
            and ("S" not in asks or signed)
        )
        events = Event.objects.count()
        assent = Assent(actor, "test", "I sign.", "password") if signed and "S" in asks else None
        changes = {"not_done_reason": "x"} if name == "not_done" else {}
        if assent is not None and role == PLATFORM:
            return  # a service signs nothing
        try:
            WORKFLOWS[kind].move(
                row, name, actor=actor, reason=reason, assent=assent, changes=changes
            )
        except Refused as refused:
            conditional = (kind, name) in CONDITIONAL and isinstance(refused, RuleBroken)
            assert not allowed or conditional, (kind, name, role, self.states[kind], refused)
            assert Event.objects.count() == events
        else:
            assert allowed, (kind, name, role, self.states[kind])
            self.states[kind] = target
            assert Event.objects.filter(kind=f"{kind}.{name}").exists()

    @rule(kind=st.sampled_from(KINDS), data=st.data())
    def begin_elsewhere(self, kind: str, data: Any) -> None:
        """Put a record into any state by SQL, so that deep states are reached without long luck."""
        state = data.draw(st.sampled_from(DRAWN[kind][0].split()))
        row = self.rows[kind]
        extra = ", not_done_reason = 'x'" if kind == "timepoint" else ""
        with connection.cursor() as cursor:
            cursor.execute(
                f'UPDATE "{row._meta.db_table}" SET state = %s{extra} WHERE id = %s',
                [state, row.pk],
            )
        row.refresh_from_db()
        self.states[kind] = state

    @rule(kind=st.sampled_from(KINDS), data=st.data())
    def assign(self, kind: str, data: Any) -> None:
        state = data.draw(st.sampled_from(DRAWN[kind][0].split()))
        row = self.rows[kind]
        row.state = state
        try:
            with acting(self.actors["image_operations"], "by hand"):
                row.save()
            assert state == self.states[kind]
        except DirectStateWrite:
            assert state != self.states[kind]
        row.refresh_from_db()

    # --- the services of queries ------------------------------------------------------------------

    def query_service(self, allowed: bool, target: str, act: Any) -> None:
        try:
            act()
        except Refused:
            assert not allowed
        else:
            assert allowed
            self.states["query"] = target
        self.rows["query"].refresh_from_db()

    @rule(role=st.sampled_from(ROLES), text=st.sampled_from(["", " ", "It was the tube."]))
    def answer(self, role: str, text: str) -> None:
        allowed = (
            bool(text.strip())
            and self.may(role, "query.answer")
            and self.states["query"] in {"open", "reopened"}
        )
        self.query_service(
            allowed,
            "answered",
            lambda: services.answer(self.rows["query"], text=text, actor=self.actors[role]),
        )
        if allowed:
            assert not self.rows["query"].actions.filter(done_at=None).exists()

    @rule(role=st.sampled_from(ROLES), reason=st.sampled_from(["", "not enough"]))
    def ask_again(self, role: str, reason: str) -> None:
        allowed = (
            bool(reason) and self.may(role, "query.close") and self.states["query"] == "answered"
        )
        self.query_service(
            allowed,
            "reopened",
            lambda: services.ask_again(self.rows["query"], reason=reason, actor=self.actors[role]),
        )
        if allowed:
            assert self.rows["query"].actions.filter(done_at=None).exists()

    @rule(role=st.sampled_from(ROLES))
    def close(self, role: str) -> None:
        done = not self.rows["query"].actions.filter(done_at=None).exists()
        allowed = (
            done
            and self.may(role, "query.close")
            and self.states["query"] in {"open", "answered", "reopened"}
        )
        self.query_service(
            allowed,
            "closed",
            lambda: services.close(self.rows["query"], actor=self.actors[role]),
        )

    @rule(role=st.sampled_from(ROLES))
    def cancel(self, role: str) -> None:
        allowed = self.may(role, "query.close") and self.states["query"] in {
            "open",
            "answered",
            "reopened",
        }
        self.query_service(
            allowed,
            "cancelled",
            lambda: services.cancel(
                self.rows["query"], actor=self.actors[role], reason="asked twice"
            ),
        )

    @precondition(lambda self: self.states["query"] in {"closed", "cancelled"})
    @rule()
    def say_after_the_end(self) -> None:
        with pytest.raises(RuleBroken):
            services.say(self.rows["query"], text="One more thing", actor=self.actors["site_user"])

    @invariant()
    def the_database_agrees_with_the_graph(self) -> None:
        if not hasattr(self, "states"):
            return
        for kind, row in self.rows.items():
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT state FROM "{row._meta.db_table}" WHERE id = %s', [row.pk])
                assert cursor.fetchone() == (self.states[kind],)

    @invariant()
    def a_thread_only_grows(self) -> None:
        if hasattr(self, "rows"):
            count = Query.objects.get(pk=self.rows["query"].pk).messages.count()
            assert count >= getattr(self, "said", 1)
            self.said = count


@pytest.mark.django_db
def test_no_sequence_of_steps_and_services_leaves_the_drawn_graph() -> None:
    Lives.world = make_imaging_study()
    Lives.actors = {
        role: service("platform") if role == PLATFORM else Lives.world.actor(role) for role in ROLES
    }
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
