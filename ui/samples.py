"""Invented people, sites and figures for the style guide, which exists in development and tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ui.moments import Clock
from ui.records import (
    Action,
    Ask,
    BarRow,
    Cell,
    Finding,
    Flag,
    FunnelStage,
    Guard,
    HistoryEntry,
    JobProgress,
    LifeStep,
    Link,
    Matrix,
    MatrixColumn,
    MatrixGroup,
    MatrixRow,
    Message,
    ReasonRequest,
    SignRequest,
    StackRow,
    TurnaroundRow,
    UploadPanel,
    ValueChange,
)
from ui.shell import Band, MenuGroup, MenuItem, Shell, Switcher, SwitcherOption

ZONE = "Europe/Madrid"
NOW = datetime(2026, 3, 16, 8, 12, tzinfo=UTC)
OUT_OF_WINDOW = Flag(icon="calendar-x", label="Out of window")
NO_DOSSIER = Flag(icon="file-alert", label="Dossier missing")


def at(day: int, hour: int, minute: int, month: int = 3) -> datetime:
    """Return an instant of early 2026."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def shell(current: str, *, band: Band | None = None) -> Shell:
    """Return the frame of a project manager."""

    def item(
        label: str, icon: str, page: str = "parts", count: int | None = None, tone: str = ""
    ) -> MenuItem:
        url = "/style-guide/" if page == "parts" else f"/style-guide/{page}/"
        return MenuItem(
            label=label, icon=icon, url=url, count=count, tone=tone, current=label == current
        )

    return Shell(
        printed_name="Marta Lindqvist",
        role="Project manager",
        time_zone=ZONE,
        switcher=Switcher(
            icon="flask-2",
            label="ONC-2041",
            detail="Norvane · Phase 3 · Conduct",
            options=(
                SwitcherOption(label="ONC-2041", detail="Norvane", url="?study=1", current=True),
                SwitcherOption(label="NEU-0117", detail="Calder Neuro", url="?study=2"),
            ),
        ),
        menu=(
            MenuGroup(
                items=(
                    item("My work", "inbox", "home", 14, "stop"),
                    item("Study overview", "layout-dashboard", "overview"),
                )
            ),
            MenuGroup(
                label="Images",
                items=(
                    item("Time points", "table", "matrix"),
                    item("Uploads and QC", "clipboard-check", "upload", 18),
                    item("Queries", "message-question", "query", 31, "wait"),
                ),
            ),
            MenuGroup(
                label="Reads",
                items=(
                    item("Assignments", "eye", "workbench", 37),
                    item("Adjudication", "gavel", "workbench", 5),
                    item("Corrections", "arrow-back-up", "time-point", 2, "wait"),
                ),
            ),
            MenuGroup(
                label="Study",
                items=(
                    item("Subjects", "users", "time-point"),
                    item("Documents", "file-certificate", "signed-form", 3, "wait"),
                    item("Parts", "list"),
                ),
            ),
        ),
        search_hint="Subject, query, site, document",
        notifications=6,
        notifications_url="?notifications",
        help_url="?help",
        account=(MenuItem(label="Account and time zone", icon="user-cog", url="?account"),),
        band=band,
    )


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

CAUSES = (
    BarRow(
        label="Site has not answered",
        value=15,
        tone="stop",
        note="10 of 15 at ES-305 and BR-508",
        action=Link(label="Call ES-305", url="#call"),
    ),
    BarRow(
        label="Reader past due",
        value=5,
        tone="wait",
        note="4 of 5 with reader R-04, on leave",
        action=Link(label="Reassign 4", url="#reassign"),
    ),
    BarRow(
        label="Upload not sent",
        value=4,
        tone="stop",
        note="2 subjects moved visit, 2 no reply",
        action=Link(label="Send reminder", url="#remind"),
    ),
    BarRow(label="QC queue over 2 days", value=2, tone="wait", note="Queue clears by 14:00"),
)

PROGRESS_PARTS = ("Read and locked", "QC accepted", "Received")
PROGRESS = tuple(
    StackRow(label=label, values=values, expected=expected)
    for label, values, expected in (
        ("Baseline", (118, 9, 4), 132),
        ("Week 8", (84, 14, 4), 108),
        ("Week 16", (51, 16, 5), 78),
        ("Week 24", (26, 16, 3), 49),
        ("Week 32", (11, 12, 1), 26),
        ("Week 40", (4, 6, 1), 12),
    )
)
AGE_PARTS = ("0–2", "3–5", "6–10", "over 10 days")
AGES = tuple(
    StackRow(label=label, values=values)
    for label, values in (
        ("ES-305 Vigo", (1, 2, 3, 3)),
        ("BR-508 Campinas", (2, 2, 2, 2)),
        ("US-210 Columbus", (3, 2, 1, 0)),
        ("PL-412 Łódź", (2, 1, 1, 0)),
        ("DE-101 Leipzig", (2, 1, 0, 0)),
        ("JP-601 Yokohama", (1, 0, 0, 0)),
    )
)
TURNAROUND = tuple(
    TurnaroundRow(
        label=label, median=median, ninth_decile=decile, plan=plan, percent_in_time=share, tone=tone
    )
    for label, median, decile, plan, share, tone in (
        ("Upload after scan", 1.8, 4.2, 5, 94, "good"),
        ("QC answer to site", 1.1, 1.9, 2, 97, "good"),
        ("Query answer", 4.6, 11.4, 5, 61, "stop"),
        ("Read 1 and read 2", 4.1, 7.6, 7, 88, "wait"),
        ("Adjudication", 3.0, 4.7, 5, 95, "good"),
    )
)
FUNNEL = tuple(
    FunnelStage(label=label, count=count, note=note, late=late, tone=tone, url="#list")
    for label, count, note, late, tone in (
        ("Expected", 412, "21 to upload", 3, "idle"),
        ("Received", 391, "18 in QC", 2, "work"),
        ("QC accepted", 373, "25 not ready", 9, "work"),
        ("Ready to read", 348, "37 unread", 3, "good"),
        ("Read 1 signed", 311, "10 wait", 2, "read"),
        ("Both signed", 301, "5 to decide", 1, "read"),
        ("Locked", 296, "52 since last cut", 0, "final"),
        ("Delivered", 244, "", 0, "final"),
    )
)
SUMS = (("TP1", 74.6), ("TP2", 56.5), ("TP3", 68.9))
SUM_LIMITS = (("67.8 nadir + 20 %", 67.8, "stop"), ("52.2 baseline − 30 %", 52.2, "good"))

LETTERS = {
    "V": "DELIVERED",
    "L": "READ_COMPLETE",
    "A": "ADJUDICATION",
    "O": "READ_1_DONE",
    "R": "READ_IN_PROGRESS",
    "Y": "READ_READY",
    "Q": "QUERY_OPEN",
    "C": "IN_QC",
    "K": "QC_ACCEPTED",
    "I": "RECEIVED",
    "D": "DUE",
    "X": "OVERDUE",
    "E": "EXPECTED",
    "N": "NOT_DONE",
    "S": "RESCAN",
    "B": "ROLLED_BACK",
    "-": "",
}


def _cells(text: str) -> tuple[Cell, ...]:
    """Read cells: a letter, then ``*`` mine, ``w`` window, ``d`` dossier, ``>`` selected."""
    return tuple(
        Cell(
            code=LETTERS[word[0]],
            url="/style-guide/time-point/",
            is_mine="*" in word,
            is_selected=">" in word,
            flags=(OUT_OF_WINDOW,) * ("w" in word) + (NO_DOSSIER,) * ("d" in word),
        )
        for word in text.split()
    )


def _group(label: str, detail: str, rows: dict[str, str]) -> MatrixGroup:
    return MatrixGroup(
        label=label,
        detail=detail,
        rows=tuple(
            MatrixRow(label=name, url="/style-guide/time-point/", cells=_cells(cells))
            for name, cells in rows.items()
        ),
    )


MATRIX = Matrix(
    caption="Subjects by time point",
    columns=tuple(
        MatrixColumn(label=label, detail=detail)
        for label, detail in (
            ("Baseline", "day −28 to −1"),
            ("Week 8", "day 56 ±7"),
            ("Week 16", "day 112 ±7"),
            ("Week 24", "day 168 ±7"),
            ("Week 32", "day 224 ±7"),
            ("Week 40", "day 280 ±7"),
            ("Week 48", "day 336 ±7"),
            ("End of tr.", "by event"),
        )
    ),
    groups=(
        _group(
            "DE-101",
            "Leipzig · 2 of 31 subjects · First time right 94 %",
            {"101-009": "V V A* Y I E E E", "101-014": "V V L Y* C E E E"},
        ),
        _group(
            "ES-305",
            "Vigo · 5 of 24 subjects · First time right 58 %",
            {
                "305-002": "V V V L Q* E E E",
                "305-004": "V V Lw O D E E E",
                "305-007": "V L Q*> E E E E E",
                "305-011": "V Qd* X* E E E E E",
                "305-012": "L S D E E E E E",
            },
        ),
        _group(
            "PL-412",
            "Łódź · 4 of 29 subjects · First time right 90 %",
            {
                "412-001": "V V V V V L O -",
                "412-003": "V V V B* K E E E",
                "412-006": "V V L N R E E E",
                "412-010": "V L A* I E E E E",
            },
        ),
        _group(
            "US-210",
            "Columbus · 3 of 22 subjects · First time right 83 %",
            {
                "210-001": "V V V V L Y* C E",
                "210-005": "V V L - - - - R",
                "210-008": "V O Qw* X* E E E E",
            },
        ),
    ),
    legend=(
        "EXPECTED",
        "DUE",
        "OVERDUE",
        "RECEIVED",
        "IN_QC",
        "QUERY_OPEN",
        "RESCAN",
        "QC_ACCEPTED",
        "READ_READY",
        "READ_IN_PROGRESS",
        "READ_1_DONE",
        "ADJUDICATION",
        "ROLLED_BACK",
        "READ_COMPLETE",
        "DELIVERED",
        "NOT_DONE",
    ),
    flags=(OUT_OF_WINDOW, NO_DOSSIER),
)

ERRORS = (
    Finding(
        level="error",
        title="11 slices are missing in “Abdomen, portal venous”",
        text=(
            "Slices 88 to 98 of 204 are not in the folder. Without them the liver cannot be "
            "measured and the scan would come back to you as a query."
        ),
        tag="Major",
        picture_url="/style-guide/slice/0/40/soft.svg",
        picture_text="A slice of the series",
        actions=(
            Action(label="Add the missing slices", url="#add", icon="folder-plus", is_primary=True),
            Action(label="They cannot be recovered", url="#lost"),
        ),
    ),
)
WARNINGS = (
    Finding(
        level="warning",
        title="The scan is 1 day after the visit window",
        text="Window for Week 16: 26 Feb to 12 Mar 2026. Date in the files: 13 Mar 2026.",
        tag="Minor",
        icon="calendar-x",
        actions=(Action(label="Choose another visit", url="#visit"),),
    ),
    Finding(
        level="warning",
        title="This scanner is not on your site's list",
        text="The files name a CT with software 7.1. Your list holds CT 1 (6.8) and CT 2 (6.8).",
        tag="Minor",
        icon="scan",
        actions=(
            Action(label="It is CT 1 with new software", url="#known"),
            Action(label="Add a scanner", url="#scanner"),
        ),
    ),
)
PASSED = (
    "All files are DICOM",
    "One subject",
    "CT as expected",
    "All expected series",
    "Slice thickness",
    "Contrast phase",
    "Not sent before",
    "No lossy compression",
    "No text in the pixels",
)

ASKS = (
    Ask(
        text=(
            "Send slices 88 to 98 of “Abdomen, portal venous”, or say that they cannot be "
            "recovered."
        ),
        note="Closes by itself when the 11 slices arrive and pass the checks.",
    ),
    Ask(
        text="Confirm that no other series is cut.",
        is_met=True,
        note="Done by I. Carballo, 04 Mar 2026",
    ),
)
THREAD = (
    Message(
        who="Priya Anand",
        icon="circle-plus",
        text="opened the query from finding F-2 of submission T-30518",
        when=at(25, 14, 44, 2),
        zone=ZONE,
    ),
    Message(
        who="Priya Anand",
        role="Image operations",
        text=(
            "Thank you for the fast upload. 11 slices over the liver dome are not in the folder "
            "(see picture). The rest of the scan is good, so please send only these slices."
        ),
        when=at(25, 14, 44, 2),
        zone=ZONE,
    ),
    Message(
        who="Inés Carballo",
        role="Site ES-305",
        text="No other series is cut. The abdomen must come from the long-term archive.",
        when=at(4, 11, 6),
        zone=ZONE,
    ),
    Message(
        who="The system",
        icon="arrow-up-right",
        text="escalated to the principal investigator, no slices after 10 business days",
        when=at(12, 7, 0),
        zone=ZONE,
    ),
)

SIGN = SignRequest(
    dialog_id="sign",
    title="Sign time point 3 of case RD-4817",
    url="/style-guide/",
    facts=(
        ("You sign", "Form v5, 41 items, 5 lesion marks"),
        ("Result", "PD (RECIST 1.1), iUPD (iRECIST)"),
        ("Changed", "2 items since you last reviewed"),
    ),
    meaning="I have read these images by the charter and this is my assessment.",
    consequence="After signing, the read is locked. A change needs a roll-back.",
    printed_name="Dr Hanne Ostrowe",
    role="central reader",
    now=datetime(2026, 3, 16, 8, 58, 40, tzinfo=UTC),
    zone=ZONE,
    needs_second_factor=True,
    back_label="Back to the read",
)
REASON = ReasonRequest(
    dialog_id="reason",
    url="/style-guide/",
    changes=(ValueChange(field="Injection time", was="10:05", becomes="10:31"),),
    reasons=(("typing", "Typing mistake"), ("source", "Source was corrected")),
)
JOB = JobProgress(
    title="Safety cut 5, step 3 of 5: writing odm.xml",
    number="8817",
    state="running",
    done=25_740,
    total=41_377,
    unit="records",
    left="about 1 min 20 s left",
    cancel_url="/style-guide/",
)
UPLOAD = UploadPanel(
    manifest_url="/style-guide/transfer/manifest",
    put_url="/style-guide/transfer/{sha256}",
    finish_url="/style-guide/transfer/finish",
    note="Subject, visit and form are taken over from T-30518.",
)
# The same forms once more, shown in the page instead of a dialog.
SIGN_SHOWN = replace(SIGN, dialog_id="sign-shown")
REASON_SHOWN = replace(REASON, dialog_id="reason-shown")

STEPS = ("Visit", "Files", "Checks", "Form", "Review and sign", "Send")
INBOX = (
    (
        "stop",
        "gavel",
        "Assign an adjudicator",
        "ONC-2041",
        "101-009 · Week 16 · readers differ on overall response",
        "Adjudication",
        -2,
    ),
    (
        "stop",
        "arrow-up-right",
        "Call the investigator: 3 queries unanswered",
        "ONC-2041",
        "Site ES-305 · escalation level 2 of 4",
        "Escalation",
        0,
    ),
    (
        "wait",
        "arrow-back-up",
        "Second approval for roll-back RB-007",
        "ONC-2041",
        "412-003 · Week 24 · touches 1 later read, no data cut",
        "Correction",
        0,
    ),
    (
        "work",
        "eye-plus",
        "Assign 6 time points that are ready to read",
        "ONC-2041",
        "Pair balance and continuity proposed, one click to accept",
        "Assignment",
        1,
    ),
    (
        "wait",
        "writing-sign",
        "Sign Project plan v3.1 as project manager",
        "HEM-3302",
        "2 of 3 signatures done · effective 23 Mar 2026",
        "Document",
        2,
    ),
    (
        "read",
        "user-check",
        "Reader capacity gap opens in week 19",
        "ONC-2041",
        "Forecast 64 reads a week against 52",
        "Forecast",
        5,
    ),
)
SITES = (
    ("ES-305 Vigo", 24, 58, "stop", (82, 80, 74, 66, 61, 58)),
    ("BR-508 Campinas", 14, 66, "stop", (78, 82, 76, 77, 66, 66)),
    ("US-210 Columbus", 22, 83, "work", (75, 78, 76, 85, 82, 83)),
    ("PL-412 Łódź", 29, 90, "good", (81, 84, 86, 87, 90, 90)),
    ("DE-101 Leipzig", 31, 94, "good", (80, 84, 90, 89, 94, 94)),
)
