"""Checks of a whole submission: what came, what the visit needs, and what came before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from imaging.pipeline.technical_qc.facts import SeriesFacts, Value
from imaging.pipeline.technical_qc.findings import Finding, finding
from imaging.pipeline.technical_qc.guideline import Guideline, Rule
from imaging.pipeline.technical_qc.parameters import PARAMETERS
from imaging.pipeline.technical_qc.series_checks import (
    check_series,
    derived_values,
    in_words,
    main_stack,
    sorted_out_as,
)

# Regions by the words of BodyPartExamined (PS3.16 Annex L) and of common scanners.
_REGIONS: dict[str, frozenset[str]] = {
    "CHEST": frozenset({"CHEST", "THORAX", "LUNG", "LUNGS", "MEDIASTINUM", "HEART"}),
    "ABDOMEN": frozenset({"ABDOMEN", "LIVER", "KIDNEY", "PANCREAS", "SPLEEN", "ABDO"}),
    "PELVIS": frozenset({"PELVIS", "PROSTATE", "BLADDER", "HIP"}),
    "HEAD": frozenset({"HEAD", "BRAIN", "SKULL", "CEREBRUM"}),
    "NECK": frozenset({"NECK", "CSPINE", "THYROID"}),
}
_WHOLE = frozenset({"WHOLEBODY", "WHOLE BODY", "BODY", "TRUNK"})


@dataclass(frozen=True)
class VisitWindow:
    """First and last allowed scan date, and the anchor in words."""

    first: date
    last: date
    anchor: str = ""

    def in_words(self) -> str:
        """First and last day, and what they are counted from."""
        days = f"{self.first:%d %b %Y} to {self.last:%d %b %Y}"
        return f"{days}, {self.anchor}" if self.anchor else days


@dataclass(frozen=True)
class ExpectedSeries:
    """What the visit needs: a modality and, if it matters, the body parts."""

    modality: str
    body_parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class KnownScanner:
    """A scanner registered for the site; an empty serial matches any of the model."""

    manufacturer: str
    model: str
    serial: str = ""
    software: str = ""


@dataclass(frozen=True)
class StandingException:
    """A documented exception of a site: the finding stays listed but asks nobody again."""

    code: str
    reference: str
    parameter: str = ""
    modality: str = ""


@dataclass(frozen=True)
class Context:
    """What the study knows about the visit that was uploaded.

    ``true_date`` is the sealed scan date when the images carry shifted dates; None takes the
    date of the facts. Empty fields switch their checks off: no window, no expected series, no
    register of scanners, no earlier time points.
    """

    time_point: str = ""
    expected: tuple[ExpectedSeries, ...] = ()
    window: VisitWindow | None = None
    true_date: date | None = None
    today: date | None = None
    scanners: tuple[KnownScanner, ...] = ()
    earlier: tuple[SeriesFacts, ...] = ()
    received_study_keys: frozenset[str] = frozenset()
    exceptions: tuple[StandingException, ...] = ()


@dataclass(frozen=True)
class _Visit:
    """A submission in its context under a guideline."""

    series: tuple[SeriesFacts, ...]
    guideline: Guideline
    context: Context

    def report(
        self,
        code: str,
        *,
        modality: str = "*",
        measured: str = "",
        expected: str = "",
        series_key: str = "",
    ) -> Iterator[Finding]:
        rule = self.guideline.check(code, modality=modality, time_point=self.context.time_point)
        if rule is not None:
            yield finding(
                code,
                level=rule.severity,
                measured=measured,
                expected=expected,
                series_key=series_key,
                source=rule.source,
            )

    @property
    def judged(self) -> tuple[SeriesFacts, ...]:
        """Series that are not sorted out."""
        return tuple(facts for facts in self.series if not sorted_out_as(facts))


def check_submission(
    series: Sequence[SeriesFacts], *, guideline: Guideline, context: Context | None = None
) -> tuple[Finding, ...]:
    """All findings of a submission: each series by itself, then the submission as a whole.

    Findings covered by a standing exception carry its reference in ``suppressed_by``.
    """
    visit = _Visit(tuple(series), guideline, context or Context())
    findings: list[Finding] = []
    for facts in visit.series:
        findings += check_series(facts, guideline=guideline, time_point=visit.context.time_point)
    findings += _subject(visit)
    findings += _dates(visit)
    findings += _expected(visit)
    for facts in visit.judged:
        findings += _scanner(visit, facts)
        findings += _consistency(visit, facts)
    modalities = {facts.series_key: facts.modality for facts in visit.series}
    return tuple(
        _excepted(item, visit.context.exceptions, modalities.get(item.series_key, ""))
        for item in findings
    )


def _excepted(item: Finding, exceptions: Sequence[StandingException], modality: str) -> Finding:
    for exception in exceptions:
        about = exception.code == item.code and exception.parameter in {"", item.parameter}
        if about and exception.modality in {"", modality}:
            return replace(item, suppressed_by=exception.reference)
    return item


# --- identity and dates ---------------------------------------------------------------------


def _subject(visit: _Visit) -> Iterator[Finding]:
    subjects = {key for facts in visit.series for key in facts.subject_keys if key}
    within_one = any(len(facts.subject_keys) > 1 for facts in visit.series)
    if len(subjects) > 1 and not within_one:
        yield from visit.report("mixed_subject", measured=f"{len(subjects)} subjects")
    received = {key for facts in visit.series for key in facts.study_keys}
    if received & visit.context.received_study_keys:
        yield from visit.report("already_received")
    earlier = {key for facts in visit.context.earlier for key in facts.subject_keys if key}
    traits = {facts.traits_key for facts in visit.context.earlier if facts.traits_key}
    now = {facts.traits_key for facts in visit.series if facts.traits_key}
    # Hospitals change numbers; only number and birth date together tell another person.
    if (
        earlier
        and subjects.isdisjoint(earlier)
        and (not (traits and now) or now.isdisjoint(traits))
    ):
        yield from visit.report("other_subject")


def _dates(visit: _Visit) -> Iterator[Finding]:
    context = visit.context
    dated = [facts for facts in visit.judged if facts.acquisition_date or facts.study_date]
    for facts in dated:
        yield from _disagreement(visit, facts)
    scanned = context.true_date or _scan_date(dated)
    if scanned is None:
        if context.window is not None:
            yield from visit.report("date_missing", expected=context.window.in_words())
        return
    shown = f"{scanned:%d %b %Y}"
    if context.today is not None and scanned > context.today:
        yield from visit.report("date_in_future", measured=shown)
    window = context.window
    if window is not None and not window.first <= scanned <= window.last:
        yield from visit.report("date_out_of_window", measured=shown, expected=window.in_words())


def _scan_date(dated: Sequence[SeriesFacts]) -> date | None:
    """The earliest acquisition date, else the earliest study date."""
    acquired = [facts.acquisition_date for facts in dated if facts.acquisition_date]
    studies = [facts.study_date for facts in dated if facts.study_date]
    return min(acquired or studies, default=None)


def _disagreement(visit: _Visit, facts: SeriesFacts) -> Iterator[Finding]:
    if facts.study_date is None or facts.acquisition_date is None:
        return
    # A study that runs over midnight is acquired on the day after its own date.
    if abs(facts.acquisition_date - facts.study_date) > timedelta(days=1):
        measured = f"study {facts.study_date:%d %b %Y}, images {facts.acquisition_date:%d %b %Y}"
        yield from visit.report(
            "dates_disagree",
            modality=facts.modality,
            measured=measured,
            series_key=facts.series_key,
        )


# --- expected series ------------------------------------------------------------------------


def regions_of(words: Sequence[str]) -> frozenset[str]:
    """Body regions named by body part words; the whole body is every region.

    Compound terms such as CHESTABDOMEN count for each part. Unknown words stay as they are.
    """
    found: set[str] = set()
    for word in words:
        plain = word.upper().strip()
        if plain in _WHOLE:
            return frozenset(_REGIONS)
        named = {
            region
            for region, names in _REGIONS.items()
            if plain in names or region in plain or any(part in names for part in plain.split())
        }
        if "ABDPELVIS" in plain:
            named |= {"ABDOMEN", "PELVIS"}
        found |= named or ({plain} if plain else set())
    return frozenset(found)


def _expected(visit: _Visit) -> Iterator[Finding]:
    received = sorted({facts.modality for facts in visit.judged})
    unmet = []
    for wanted in visit.context.expected:
        matching = [facts for facts in visit.judged if facts.modality == wanted.modality]
        if matching:
            yield from _body_part(visit, wanted, matching)
        else:
            unmet.append(wanted)
    asked = {wanted.modality for wanted in visit.context.expected}
    others = [modality for modality in received if modality not in asked]
    for wanted in unmet:
        code = "wrong_modality" if others else "expected_series_missing"
        yield from visit.report(
            code,
            modality=wanted.modality,
            measured=", ".join(others or received) or "nothing to read",
            expected=wanted.modality,
        )


def _body_part(
    visit: _Visit, wanted: ExpectedSeries, matching: Sequence[SeriesFacts]
) -> Iterator[Finding]:
    if not wanted.body_parts:
        return
    stated = [str(word) for facts in matching for word in facts.all_of("body_part")]
    expected = " and ".join(wanted.body_parts)
    if not stated:
        yield from visit.report("body_part_unknown", modality=wanted.modality, expected=expected)
    elif not regions_of(wanted.body_parts) & regions_of(stated):
        yield from visit.report(
            "wrong_body_part",
            modality=wanted.modality,
            measured=", ".join(dict.fromkeys(stated)),
            expected=expected,
            series_key=matching[0].series_key,
        )


# --- scanner and consistency ----------------------------------------------------------------


def _scanner(visit: _Visit, facts: SeriesFacts) -> Iterator[Finding]:
    shown = scanner_in_words(facts)
    shared = {"modality": facts.modality, "series_key": facts.series_key}
    known = [scanner for scanner in visit.context.scanners if _is_scanner(scanner, facts)]
    if visit.context.scanners and not known:
        twins = [s.serial for s in visit.context.scanners if s.serial and _is_model(s, facts)]
        if twins and facts.text("serial"):
            yield from visit.report(
                "serial_changed",
                measured=facts.text("serial"),
                expected=f"registered is {', '.join(sorted(twins))}",
                **shared,
            )
        else:
            yield from visit.report("scanner_unknown", measured=shown, **shared)
    expected = {scanner.software for scanner in known if scanner.software}
    before = [item for item in visit.context.earlier if item.modality == facts.modality]
    same = [item for item in before if _device(item) == _device(facts)]
    if before and not same:
        yield from visit.report(
            "scanner_changed", measured=shown, expected=scanner_in_words(before[-1]), **shared
        )
    expected |= {same[-1].text("software")} if same and same[-1].text("software") else set()
    software = facts.text("software")
    if software and expected and software not in expected:
        yield from visit.report(
            "software_changed", measured=software, expected=", ".join(sorted(expected)), **shared
        )


def _is_model(scanner: KnownScanner, facts: SeriesFacts) -> bool:
    return (scanner.manufacturer.upper(), scanner.model.upper()) == (
        facts.text("manufacturer").upper(),
        facts.text("model").upper(),
    )


def _is_scanner(scanner: KnownScanner, facts: SeriesFacts) -> bool:
    """Tell whether images are of a scanner; those cleaned at the site no longer say its serial."""
    serial = facts.text("serial")
    return _is_model(scanner, facts) and (not serial or scanner.serial in {"", serial})


def _device(facts: SeriesFacts) -> tuple[str, ...]:
    return tuple(facts.text(name) for name in ("manufacturer", "model", "serial"))


def scanner_in_words(facts: SeriesFacts) -> str:
    """Manufacturer, model and serial number in one line."""
    maker, model, serial = _device(facts)
    name = " ".join(part for part in (maker, model) if part) or "unknown scanner"
    return f"{name}, serial {serial}" if serial else name


def _consistency(visit: _Visit, facts: SeriesFacts) -> Iterator[Finding]:
    before = [
        item
        for item in visit.context.earlier
        if item.modality == facts.modality and not sorted_out_as(item)
    ]
    if not before:
        return
    now = derived_values(facts, main_stack(facts))
    earlier = [derived_values(item, main_stack(item)) for item in before]
    rules = visit.guideline.consistency(
        modality=facts.modality, time_point=visit.context.time_point
    )
    for rule in rules:
        known = [item.all_of(rule.parameter) for item in earlier]
        found = now.all_of(rule.parameter)
        # Several series of one visit differ by design: one match among the earlier is enough.
        if any(_same(rule, found, values) for values in known) or not any((found, *known)):
            continue
        yield finding(
            "differs_from_earlier",
            level=rule.severity,
            measured=in_words(rule.parameter, found) or "not stated",
            expected=in_words(rule.parameter, known[-1]) or "not stated",
            series_key=facts.series_key,
            parameter=rule.parameter,
            subject=PARAMETERS[rule.parameter].title,
            source=rule.source,
        )


def _same(rule: Rule, now: Sequence[Value], before: Sequence[Value]) -> bool:
    if len(now) != len(before):
        return False
    return all(
        abs(a - b) <= rule.tolerance if isinstance(a, float) and isinstance(b, float) else a == b
        for a, b in zip(sorted(now, key=str), sorted(before, key=str), strict=True)
    )
