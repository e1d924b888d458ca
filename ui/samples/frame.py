"""The frame of a page: menu, switcher and account of a project manager."""

from __future__ import annotations

from ui.samples.times import ZONE
from ui.shell import Band, MenuGroup, MenuItem, Shell, Switcher, SwitcherOption


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
