"""What a signed form says of lesions, kept as rows: lesion, observation, measurement, mark."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from imaging.models import Preview
from reads.models import Annotation, Lesion, Measurement, Observation, ReadSession
from reads.rows import PIECES
from studies.forms.evaluation import Evaluation

_GROUPS = {
    "target.lesions": Lesion.Category.TARGET,
    "non_target.lesions": Lesion.Category.NON_TARGET,
    "new.lesions": Lesion.Category.NEW,
    "bone.lesions": Lesion.Category.NEW,
}
#: what is measured of a lesion, and the unit in which it is kept
_UNITS = {
    "long_axis": "mm",
    "short_axis": "mm",
    # a lesion that split: all its pieces, then each by its number; the first product is its own
    "pieces": "mm",
    **{f"piece_{n}": "mm" for n in PIECES},
    "pieces_product": "mm2",
    **{f"piece_product_{n}": "mm2" for n in PIECES[1:]},
    "volume": "ml",
}
NODE = "LYMPH NODE"


def keep_lesions(session: ReadSession, evaluation: Evaluation) -> None:
    """Write the rows of a session; call inside the transaction that signs it."""
    for group, category in _GROUPS.items():
        for index, label in enumerate(evaluation.rows.get(group, ())):
            if label:
                _keep(session, evaluation, f"{group}.{index}", str(label), category)


def _keep(
    session: ReadSession, evaluation: Evaluation, place: str, label: str, category: str
) -> None:
    def text(name: str) -> str:
        value = evaluation.answer(f"{place}.{name}").value
        return value if isinstance(value, str) else ""

    location = text("location")
    stream = session.task.stream
    lesion = stream.lesions.filter(label=label, withdrawn_reason="").first()
    if lesion is None:
        lesion = Lesion(
            study_id=session.study_id,
            stream=stream,
            first_session=session,
            label=label,
            category=category,
            location=f"{location}, {text('detail')}" if text("detail") else location,
            laterality=text("side"),
            is_nodal=location == NODE,
        )
        lesion.save()
    observation = Observation(
        study_id=session.study_id,
        session=session,
        lesion=lesion,
        status=(text("state") or text("certainty") or "PRESENT").replace(" ", "_"),
        reason=text("ne_reason"),
    )
    observation.save()
    slice_number = evaluation.answer(f"{place}.slice").value
    for axis in _UNITS:
        answer = evaluation.answer(f"{place}.{axis}")
        if isinstance(answer.value, Decimal):
            _measure(observation, axis, answer, slice_number)


def _measure(observation: Observation, axis: str, answer: Any, slice_number: object) -> None:
    measurement = Measurement(
        study_id=observation.study_id,
        observation=observation,
        kind=axis,
        entered=format(answer.number if answer.number is not None else answer.value, "f"),
        entered_unit=answer.unit or _UNITS[axis],
        value=answer.value,
        unit=_UNITS[axis],
    )
    measurement.save()
    mark = _image_of(observation, slice_number)
    if mark is not None:
        Annotation(
            study_id=observation.study_id,
            measurement=measurement,
            sop_instance_uid=mark[0],
            frame=mark[1],
            coordinates=[],
        ).save()


def _image_of(observation: Observation, slice_number: object) -> tuple[str, int] | None:
    """Return SOP Instance UID and frame of a slice as the viewer counts it, head to foot from 1.

    A typed slice belongs to the first series of the package, the one that opens in the viewer.
    """
    package = observation.session.task.package
    if package is None or not isinstance(slice_number, int | Decimal):
        return None
    entry = package.entries.order_by("order").first()
    shown = entry and Preview.objects.filter(series_id=entry.series_id).order_by("id").first()
    index = int(slice_number) - 1
    if not shown or not 0 <= index < len(shown.slices):
        return None
    uid, frame = shown.slices[index][:2]
    return str(uid), int(frame)


def lesion_table(session: ReadSession) -> list[Mapping[str, Any]]:
    """Return the signed lesions of a session for tables: label, place, state, sizes."""
    rows = session.observations.select_related("lesion").prefetch_related("measurements")
    return [
        {
            "label": o.lesion.label,
            "category": o.lesion.get_category_display(),
            "location": o.lesion.location,
            "status": o.status.replace("_", " ").lower(),
            "sizes": {m.kind: m.value for m in o.measurements.all()},
        }
        for o in sorted(rows, key=lambda o: (o.lesion.category != "target", o.lesion.label))
    ]
