"""Figures of a study, as the charts draw them."""

from __future__ import annotations

from ui.records import BarRow, FunnelStage, Link, StackRow, TurnaroundRow

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

SITES = (
    ("ES-305 Vigo", 24, 58, "stop", (82, 80, 74, 66, 61, 58)),
    ("BR-508 Campinas", 14, 66, "stop", (78, 82, 76, 77, 66, 66)),
    ("US-210 Columbus", 22, 83, "work", (75, 78, 76, 85, 82, 83)),
    ("PL-412 Łódź", 29, 90, "good", (81, 84, 86, 87, 90, 90)),
    ("DE-101 Leipzig", 31, 94, "good", (80, 84, 90, 89, 94, 94)),
)
