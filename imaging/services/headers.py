"""What the headers of an upload say that the transmittal form asks, read in a child process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from imaging.models import Submission
from imaging.pipeline.sandbox import Sandbox
from imaging.pipeline.technical_qc import SeriesFacts
from imaging.pipeline.technical_qc.series_checks import sorted_out_as
from imaging.pipeline.transmittal import HeaderValues, form_values, header_values
from imaging.services.intake import LIMITS, Examined, serial_in_words

# Images of one CT or MR series say the same; the start of a PET comes from the facts of all.
SAMPLES = 6


def of_upload(
    row: Submission, facts: Sequence[SeriesFacts], files_of: Mapping[str, Sequence[Examined]]
) -> dict[str, str]:
    """Return the header values that the form takes over and is compared with."""
    judged = [f for f in facts if not sorted_out_as(f)]
    if not judged:
        return {}
    main = max(judged, key=lambda f: len(f.slices))
    tracer = next((f.tracer for f in judged if f.tracer), None)
    paths = [item.path for f in judged for item in _sample(files_of.get(f.series_key, ()))]
    values = form_values(
        _read(paths),
        tracer=tracer,
        scanner=_scanner(row, main),
        contrast_phase=[str(v) for f in judged for v in f.all_of("contrast_phase")],
    )
    day = main.acquisition_date or main.study_date
    if day:
        values["scan_date"] = day.isoformat()
    thickness = main.all_of("slice_thickness_mm")
    if thickness:
        values["slice_thickness_mm"] = f"{thickness[0]:g}"
    return values


def _sample(files: Sequence[Examined]) -> list[Examined]:
    if len(files) <= SAMPLES:
        return list(files)
    step = (len(files) - 1) / (SAMPLES - 1)
    return [files[round(n * step)] for n in range(SAMPLES)]


def _read(paths: Sequence[Path]) -> list[HeaderValues]:
    def setup() -> Callable[[str], HeaderValues | None]:
        return lambda path: header_values(Path(path))

    with Sandbox(setup, limits=LIMITS) as sandbox:
        found = [result for _, result in sandbox.map([str(path) for path in paths])]
    return [item for item in found if isinstance(item, HeaderValues)]


def _scanner(row: Submission, facts: SeriesFacts) -> str:
    """Return the scanner's name in the site's list; one that is not listed by its model."""
    maker, model = facts.text("manufacturer"), facts.text("model")
    for scanner in row.study_site.site.scanners.all():
        same = (scanner.manufacturer.upper(), scanner.model_name.upper()) == (
            maker.upper(),
            model.upper(),
        )
        if same and serial_in_words(scanner.serial_number) == facts.text("serial"):
            return str(scanner)
    return " ".join(part for part in (maker, model) if part)
