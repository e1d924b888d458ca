"""Courses of disease: the lesions of one subject over its time points.

Diameters are chosen so that RECIST 1.1 gives the response the course is named after; each
course lists one tuple of lesions per time point, the baseline first.
"""

from __future__ import annotations

from dataclasses import dataclass

from imaging.phantom.spec import LesionSpec

# Axes in mm; (0, 0) is a vanished lesion, None one that has not appeared yet.
_Sizes = tuple[tuple[float, float] | None, ...]


@dataclass(frozen=True)
class _Course:
    label: str
    site: str
    angle_deg: float
    sizes: _Sizes


_COURSES: dict[str, tuple[_Course, ...]] = {
    "partial_response": (
        _Course("T1", "liver_segment_8", 28.0, ((42, 33), (30, 23), (24, 18), (21, 16))),
        _Course("T2", "lung_right_upper", 70.0, ((26, 20), (18, 14), (14, 11), (12, 10))),
        _Course("T3", "node_retroperitoneal", 10.0, ((24, 19), (18, 14), (14, 11), (12, 9))),
    ),
    "complete_response": (
        _Course("T1", "liver_segment_6", 40.0, ((30, 24), (14, 11), (0, 0), (0, 0))),
        _Course("T2", "lung_left_lower", 15.0, ((18, 15), (8, 7), (0, 0), (0, 0))),
    ),
    "stable_disease": (
        _Course("T1", "liver_segment_4", 65.0, ((32, 25), (30, 24), (31, 24), (29, 23))),
        _Course("T2", "adrenal_left", 20.0, ((20, 15), (20, 15), (19, 14), (20, 15))),
    ),
    "progression_by_size": (
        _Course("T1", "liver_segment_8", 35.0, ((28, 22), (26, 20), (34, 27), (44, 35))),
        _Course("T2", "lung_right_lower", 80.0, ((16, 13), (17, 13), (22, 18), (28, 23))),
    ),
    "progression_by_new_lesion": (
        _Course("T1", "liver_segment_6", 25.0, ((34, 26), (27, 21), (25, 19), (25, 19))),
        _Course("T2", "lung_left_upper", 50.0, ((22, 17), (17, 13), (16, 12), (16, 12))),
        _Course("N1", "liver_segment_3", 0.0, (None, None, (16, 13), (22, 18))),
    ),
    "response_then_regrowth": (
        _Course("T1", "liver_segment_8", 28.0, ((40, 31), (26, 20), (20, 15), (27, 21))),
        _Course("T2", "spleen", 60.0, ((24, 18), (16, 12), (12, 10), (16, 13))),
    ),
}

COURSES: tuple[str, ...] = tuple(_COURSES)


def lesions_at(course: str, time_point: int) -> tuple[LesionSpec, ...]:
    """The lesions of a course at a time point counted from 0; the last state then holds.

    Raises KeyError for an unknown course and ValueError for a negative time point.
    """
    if time_point < 0:
        message = "time points count from 0"
        raise ValueError(message)
    lesions = []
    for row in _COURSES[course]:
        size = row.sizes[min(time_point, len(row.sizes) - 1)]
        if size is not None:
            lesions.append(
                LesionSpec(row.label, row.site, float(size[0]), float(size[1]), row.angle_deg)
            )
    return tuple(lesions)
