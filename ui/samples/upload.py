"""An upload: its steps, what the checks found, and its panel."""

from __future__ import annotations

from ui.records import Action, Finding, UploadPanel

STEPS = ("Visit", "Files", "Checks", "Form", "Review and sign", "Send")
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

UPLOAD = UploadPanel(
    manifest_url="/style-guide/transfer/manifest",
    put_url="/style-guide/transfer/{sha256}",
    finish_url="/style-guide/transfer/finish",
    note="Subject, visit and form are taken over from T-30518.",
)
