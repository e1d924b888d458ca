"""Dates as ``05 Mar 2026``, times with 24 hours."""

DATE_FORMAT = "d M Y"
SHORT_DATE_FORMAT = "d M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "d M Y, H:i"
SHORT_DATETIME_FORMAT = "d M Y, H:i"
DATE_INPUT_FORMATS = ["%Y-%m-%d", "%d %b %Y"]
FIRST_DAY_OF_WEEK = 1
