"""One time point: its life line, its history, and why it is not ready."""

from __future__ import annotations

from ui.moments import Clock
from ui.records import Action, Guard, HistoryEntry, LifeStep, Link
from ui.samples.times import ZONE, at

HISTORY = (
    HistoryEntry(
        who="The system",
        is_system=True,
        icon="arrow-up-right",
        did="escalated query Q-0388 to the principal investigator",
        because="the slices had not come after 10 business days",
        when=at(12, 7, 0),
        zone=ZONE,
    ),
    HistoryEntry(
        who="Inés Carballo",
        role="site technologist",
        did="answered Q-0388 and confirmed that no other series is cut",
        when=at(4, 11, 6),
        zone=ZONE,
    ),
    HistoryEntry(
        who="Priya Anand",
        role="image operations",
        did="changed the due date of Q-0388",
        old="04 Mar 2026",
        new="06 Mar 2026",
        reason="site closed for two local holidays",
        when=at(2, 13, 18),
        zone=ZONE,
    ),
    HistoryEntry(
        who="The system",
        is_system=True,
        icon="shield-lock",
        did="removed identity from 611 files with profile 4 and kept every pixel unchanged",
        links=(Link(label="Proof", url="#proof"),),
        when=at(25, 9, 3, 2),
        zone=ZONE,
    ),
    HistoryEntry(
        who="Inés Carballo",
        did="signed submission T-30518 with the meaning “I send the images of this visit”",
        links=(Link(label="Signature", url="#signature"),),
        when=at(25, 8, 42, 2),
        zone=ZONE,
    ),
)

LIFE = (
    LifeStep(
        phase="done", icon="scan", label="Acquired", time="24 Feb 11:20", actor="ES-305, CT 1"
    ),
    LifeStep(
        phase="done",
        icon="cloud-upload",
        label="Uploaded",
        time="25 Feb 09:42",
        actor="I. Carballo",
        clock=Clock("good", "circle-check", "1 of 5 days"),
    ),
    LifeStep(
        phase="done", icon="inbox", label="Received", time="25 Feb 09:58", actor="611 files whole"
    ),
    LifeStep(
        phase="done",
        icon="shield-lock",
        label="De-identified",
        time="25 Feb 10:03",
        actor="profile 4",
        clock=Clock("good", "circle-check", "5 min"),
    ),
    LifeStep(
        phase="done",
        icon="clipboard-check",
        label="QC",
        time="25 Feb 15:31",
        actor="P. Anand",
        clock=Clock("good", "circle-check", "1 of 2 days"),
    ),
    LifeStep(
        phase="now",
        icon="message-question",
        label="Query",
        time="since 25 Feb",
        actor="waits for site",
        tone="stop",
        clock=Clock("stop", "clock-exclamation", "6 days late"),
    ),
    LifeStep(phase="todo", icon="eye-plus", label="Released", time="by 19 Mar", actor="image ops"),
    LifeStep(
        phase="todo",
        icon="eye",
        label="Read 1",
        time="by 26 Mar",
        actor="R-02",
        clock=Clock("idle", "clock", "7 days"),
    ),
    LifeStep(
        phase="todo",
        icon="eye",
        label="Read 2",
        time="by 27 Mar",
        actor="R-06",
        clock=Clock("idle", "clock", "7 days"),
    ),
    LifeStep(
        phase="todo",
        icon="gavel",
        label="Adjudication",
        time="if they differ",
        actor="not assigned",
    ),
    LifeStep(phase="todo", icon="lock", label="Locked", time="by 27 Mar", actor="system"),
    LifeStep(
        phase="todo", icon="send", label="Delivered", time="cut 3, 26 Jun", actor="misses cut 2"
    ),
)

GUARDS = (
    Guard(
        text="Query Q-0388 is open",
        is_met=False,
        detail="since 25 Feb 2026. The site must send slices 88 to 98 or say why it cannot.",
        actions=(Action(label="Call log", url="#call"), Action(label="Remind site", url="#remind")),
    ),
    Guard(text="Earlier time points are complete", is_met=True, detail="Baseline, Week 8"),
    Guard(text="Scanner qualified", is_met=True),
    Guard(text="Scan inside window", is_met=True),
    Guard(text="Read package is built when the query closes", is_met=False, is_pending=True),
)
