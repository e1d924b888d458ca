"""Phantom scans: sent by a site for one scanner, measured by the platform, judged by science.

A pass holds for the interval of the study's phantom plan, counted from the day of the scan. Which
scanners are due follows from the plan, the scanners of active sites and the signed passes; nothing
about being due is stored.
"""

from imaging.services.phantoms.deciding import (
    FAIL,
    QUALIFY,
    STATEMENTS,
    comment,
    decide,
    return_to_site,
)
from imaging.services.phantoms.figures import (
    COLUMNS,
    table,
    trend,
)
from imaging.services.phantoms.measuring import (
    LIMITS,
    measure_scan,
)
from imaging.services.phantoms.schedule import (
    Qualification,
    plan_of,
    programme_of,
    qualifications,
    wanted,
)
from imaging.services.phantoms.sending import (
    MAX_BYTES,
    MAX_FILES,
    announce,
    clear,
    describe,
    missing,
    send,
    start,
    store_file,
    withdraw,
)

__all__ = [
    "COLUMNS",
    "FAIL",
    "LIMITS",
    "MAX_BYTES",
    "MAX_FILES",
    "QUALIFY",
    "STATEMENTS",
    "Qualification",
    "announce",
    "clear",
    "comment",
    "decide",
    "describe",
    "measure_scan",
    "missing",
    "plan_of",
    "programme_of",
    "qualifications",
    "return_to_site",
    "send",
    "start",
    "store_file",
    "table",
    "trend",
    "wanted",
    "withdraw",
]
