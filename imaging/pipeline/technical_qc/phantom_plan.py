"""The phantom plan of a study: which phantom proves which scanner, how often, within which limits.

A plan is a controlled document. Limits are of three kinds by where they come from: seen in their
source (they judge), not seen by us (``verified`` false: shown, never judging), and a scanner's own
baseline, which a study writes into its plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from imaging.pipeline.technical_qc.phantom_metrics import (
    NEMA_DIAMETERS_MM,
    CtMetrics,
    Limit,
    PetMetrics,
)

WATER: Final = "water"
NEMA: Final = "nema_body"
#: what each phantom measures: metric -> words, unit, decimals shown
METRICS: Final[Mapping[str, Mapping[str, tuple[str, str, int]]]] = {
    WATER: {
        "water_hu": ("CT number of water", "HU", 1),
        "uniformity_hu": ("Uniformity, edge against centre", "HU", 1),
        "noise_hu": ("Noise, standard deviation", "HU", 1),
    },
    NEMA: {
        "calibration_bias": ("Calibration bias", "", 3),
        "background_variation": ("Background variation", "", 3),
        **{
            f"recovery_{kind}_{size:g}_mm": (f"Recovery {words}, {size:g} mm sphere", "", 2)
            for size in NEMA_DIAMETERS_MM
            for kind, words in (("max", "of the maximum"), ("mean", "of the mean (A50)"))
        },
    },
}
#: the modality of the images that a phantom is measured in
MODALITY_OF: Final = {WATER: "CT", NEMA: "PT"}


class PlanInvalid(ValueError):
    """The document is no phantom plan; ``problems`` names every fault."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Programme:
    """One phantom for scanners of some modalities.

    ``every_days`` is how long a pass holds; from ``warn_days`` before its end the next scan is due.
    """

    key: str
    title: str
    phantom: str
    modalities: tuple[str, ...]
    every_days: int
    warn_days: int
    limits: Mapping[str, Limit]
    instructions: str = ""

    @property
    def needs_filling(self) -> bool:
        """Whether the activity in the phantom must be stated."""
        return self.phantom == NEMA


@dataclass(frozen=True)
class Figure:
    """One measured value beside its limits. ``passed`` is None where no limit judges."""

    metric: str
    label: str
    unit: str
    digits: int
    value: float
    lowest: float | None
    highest: float | None
    source: str
    passed: bool | None


def programmes_of(document: Mapping[str, Any]) -> tuple[Programme, ...]:
    """Read the programmes of a plan.  Raises PlanInvalid with every fault."""
    rows = document.get("programmes")
    if not isinstance(rows, list) or not rows:
        raise PlanInvalid(["programmes: a plan has at least one programme"])
    problems: list[str] = []
    found = [_programme(row, problems) for row in rows]
    keys = [programme.key for programme in found if programme]
    problems += [
        f"programme {key}: it stands twice" for key in {k for k in keys if keys.count(k) > 1}
    ]
    if problems:
        raise PlanInvalid(problems)
    return tuple(programme for programme in found if programme)


def _programme(row: Any, problems: list[str]) -> Programme | None:
    name = f"programme {row.get('key', '?')}" if isinstance(row, Mapping) else "programme"
    try:
        programme = Programme(
            key=str(row["key"]),
            title=str(row["title"]),
            phantom=row["phantom"],
            modalities=tuple(row["modalities"]),
            every_days=int(row["every_days"]),
            warn_days=int(row.get("warn_days", 28)),
            limits={m: _limit(limit) for m, limit in row.get("limits", {}).items()},
            instructions=str(row.get("instructions", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        problems.append(f"{name}: {fault} is missing or wrong")
        return None
    if programme.phantom not in METRICS:
        problems.append(f"{name}: phantom {programme.phantom} is not known")
        return None
    if not programme.modalities:
        problems.append(f"{name}: it names no modality")
    if not 0 < programme.every_days <= 3660 or not 0 <= programme.warn_days < programme.every_days:
        problems.append(f"{name}: the interval in days is not possible")
    for metric, limit in programme.limits.items():
        if metric not in METRICS[programme.phantom]:
            problems.append(f"{name}: {metric} is not measured in this phantom")
        elif limit.lowest > limit.highest:
            problems.append(f"{name}: the limits of {metric} are the wrong way round")
    return programme


def _limit(row: Mapping[str, Any]) -> Limit:
    return Limit(
        float(row["lowest"]), float(row["highest"]), str(row["source"]), bool(row["verified"])
    )


def figures_of(programme: Programme, metrics: CtMetrics | PetMetrics) -> tuple[Figure, ...]:
    """Return every metric beside the plan's limit; a limit that nobody verified does not judge."""
    values = _values(metrics)
    found = []
    for metric, (label, unit, digits) in METRICS[programme.phantom].items():
        limit = programme.limits.get(metric)
        judges = limit is not None and limit.verified
        value = values[metric]
        found.append(
            Figure(
                metric=metric,
                label=label,
                unit=unit,
                digits=digits,
                value=round(value, 6),
                lowest=limit.lowest if limit else None,
                highest=limit.highest if limit else None,
                source=f"{limit.source}{'' if limit.verified else ', unverified'}" if limit else "",
                passed=limit.holds(value) if limit and judges else None,
            )
        )
    return tuple(found)


def _values(metrics: CtMetrics | PetMetrics) -> dict[str, float]:
    if isinstance(metrics, CtMetrics):
        return {
            "water_hu": metrics.water_hu,
            "uniformity_hu": metrics.uniformity_hu,
            "noise_hu": metrics.noise_hu,
        }
    values = {
        "calibration_bias": metrics.calibration_bias,
        "background_variation": metrics.background_variation,
    }
    for sphere in metrics.spheres:
        values[f"recovery_max_{sphere.diameter_mm:g}_mm"] = sphere.maximum
        values[f"recovery_mean_{sphere.diameter_mm:g}_mm"] = sphere.mean_a50
    return values
