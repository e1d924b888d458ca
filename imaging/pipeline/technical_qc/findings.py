"""A finding of the automatic checks, and the words for every code.

Words are plain text for site and analyst; the pages translate them by code. ``{measured}`` and
``{expected}`` are filled in where they stand.
"""

from __future__ import annotations

from dataclasses import dataclass

from imaging.pipeline.technical_qc.words import WORDS

LEVELS = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of one check.

    ``positions`` are heights along the slice normal in mm; ``source`` is where the expected
    value comes from; ``suppressed_by`` names the standing exception that keeps the finding from
    raising a query.
    """

    code: str
    level: str
    title: str
    measured: str
    expected: str
    what_it_means: str
    what_to_do: str
    series_key: str = ""
    parameter: str = ""
    positions: tuple[float, ...] = ()
    query: str = ""
    source: str = ""
    suppressed_by: str = ""

    @property
    def key(self) -> str:
        """Identifies the finding when the check runs again on the same images."""
        parts = (self.code, self.parameter, self.series_key)
        return ":".join(part for part in parts if part)

    @property
    def asks_site(self) -> bool:
        """Whether the finding raises a query by itself."""
        return self.level != "info" and bool(self.query) and not self.suppressed_by


def finding(  # noqa: PLR0913 - a finding has this many sides
    code: str,
    *,
    level: str,
    measured: str = "",
    expected: str = "",
    series_key: str = "",
    parameter: str = "",
    subject: str = "",
    positions: tuple[float, ...] = (),
    source: str = "",
) -> Finding:
    """Build a finding with the words of its code; ``subject`` names a parameter in the words.

    Raises KeyError for a code without words and ValueError for an unknown level.
    """
    if level not in LEVELS:
        message = f"unknown level {level!r}"
        raise ValueError(message)
    words = WORDS[code]
    values = {"measured": measured or "nothing", "expected": expected, "parameter": subject}
    return Finding(
        code=code,
        level=level,
        title=words.title.format(**values)[:200],
        measured=measured[:200],
        expected=expected[:200],
        what_it_means=words.means.format(**values),
        what_to_do=words.do.format(**values),
        series_key=series_key,
        parameter=parameter,
        positions=tuple(round(height, 2) for height in positions),
        query=words.query.format(**values),
        source=source,
    )
