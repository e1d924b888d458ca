"""Pictures of clean series for people: rendered once in the worker, stored by content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from imaging.models import Instance, Preview, Series
from imaging.pipeline.previews import FULL_RANGE, render_series
from imaging.pipeline.sandbox import Sandbox, SandboxLimits
from imaging.services.intake import Tick
from imaging.storage import Staged, previews, research

CT_WINDOWS = ("soft", "lung")
LABELS = {"soft": "Soft tissue", "lung": "Lung", "bone": "Bone", FULL_RANGE: "Full range"}
# A whole series is one input: 2,000 slices of 512 × 512 take about two minutes.
# It gives way to visits that are on their way to QC.
LIMITS = SandboxLimits(cpu_seconds=600, wall_seconds=900, niceness=10)


def windows_of(row: Series) -> tuple[str, ...]:
    """Return the windows in which a series is rendered."""
    return CT_WINDOWS if row.modality == "CT" else (FULL_RANGE,)


def render(rows: Sequence[Series], tick: Tick) -> None:
    """Render every series that has no pictures yet."""
    for row in rows:
        if row.previews.exists():
            continue
        _render_one(row)
        tick(0, f"Rendering {row}")


def _render_one(row: Series) -> None:
    store, clean = previews(), research()
    place = row.pk.hex
    store.clear_workspace(place)
    folder = store.workspace(place)
    instances = {i.sha256: i for i in row.instances.all()}
    paths = [str(clean.path_of(sha256, place=place)) for sha256 in sorted(instances)]
    with Sandbox(_renderer(folder, windows_of(row)), limits=LIMITS) as sandbox:
        for _, result in sandbox.map([paths]):
            if isinstance(result, dict):
                _write(row, result, instances)
    store.clear_workspace(place)


def _renderer(
    folder: Path, windows: Sequence[str]
) -> Callable[[], Callable[[list[str]], dict[str, Any]]]:
    """Return the set-up of a child that writes pictures as files and answers where they are."""

    def setup() -> Callable[[list[str]], dict[str, Any]]:
        def render_paths(paths: list[str]) -> dict[str, Any]:
            made = render_series([Path(p) for p in paths], windows=windows)
            answer: dict[str, Any] = {name: [] for name in windows}
            for one in made.previews:
                path = folder / f"{one.window}-{one.index:05d}.jpg"
                path.write_bytes(one.jpeg)
                answer[one.window].append((str(path), one.source.name, one.frame))
            if made.thumbnail:
                (folder / "thumbnail.jpg").write_bytes(made.thumbnail)
            return answer

        return render_paths

    return setup


def _write(row: Series, made: dict[str, Any], instances: dict[str, Instance]) -> None:
    store = previews()
    thumbnail = store.workspace(row.pk.hex) / "thumbnail.jpg"
    small = store.adopt(thumbnail) if thumbnail.exists() else None
    staged: list[Staged] = [small] if small else []
    rows = []
    for window, pictures in made.items():
        taken = [store.adopt(Path(path)) for path, _, _ in pictures]
        staged += taken
        if not taken:
            continue
        rows.append(
            Preview(
                study_id=row.study_id,
                series=row,
                window=window,
                objects_sha256=[one.sha256 for one in taken],
                slices=[
                    [
                        instances[source].sop_instance_uid,
                        frame,
                        instances[source].position_mm,
                    ]
                    for _, source, frame in pictures
                ],
                thumbnail_sha256=small.sha256 if small else "",
            )
        )
    store.commit(_once(staged))
    Preview.objects.bulk_create(rows, ignore_conflicts=True)


def _once(staged: Sequence[Staged]) -> list[Staged]:
    """Equal pictures (black slices) are one object: keep the first, drop the others' files."""
    kept: dict[str, Staged] = {}
    for one in staged:
        if kept.setdefault(one.sha256, one) is not one:
            one.path.unlink(missing_ok=True)
    return list(kept.values())
