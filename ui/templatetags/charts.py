"""Template tags of the charts: inline SVG with a sentence for screen readers and a data table."""

from __future__ import annotations

from collections.abc import Sequence

from django import template

from ui import charts
from ui.records import FunnelStage, StackRow, TurnaroundRow

register = template.Library()

VIEW = 500.0
LABELS = 112.0
ROW = 30.0


@register.inclusion_tag("components/charts/spark.html")
def spark(
    values: Sequence[float], sentence: str, tone: str = "work", limit: float | None = None
) -> dict[str, object]:
    """Draw a word-sized line whose last value is marked."""
    points = charts.spark_path(values)
    return {
        "points": points,
        "last": points[-1],
        "sentence": sentence,
        "tone": tone,
        "path": "M" + "L".join(f"{point.x} {point.y}" for point in points),
        "limit": limit,
    }


@register.inclusion_tag("components/charts/line.html")
def line_chart(
    rows: Sequence[tuple[str, float]],
    sentence: str,
    *,
    limits: Sequence[tuple[str, float, str]] = (),
    unit: str = "",
    tone: str = "work",
    width: float = 420,
    height: float = 140,
) -> dict[str, object]:
    """Draw labelled values as a line with dashed limits: (words, value, tone)."""
    return {
        "chart": charts.line_chart(rows, limits, width=width, height=height),
        "sentence": sentence,
        "unit": unit,
        "tone": tone,
    }


@register.inclusion_tag("components/charts/stacked.html")
def stacked(
    rows: Sequence[StackRow],
    series: Sequence[str],
    sentence: str,
    scheme: str = "part",
    head: str = "",
) -> dict[str, object]:
    """Draw rows of stacked parts from zero; ``scheme`` is part (progress) or age (waiting)."""
    largest = max((max(sum(row.values), row.expected or 0) for row in rows), default=0) or 1
    width, start = VIEW - LABELS - (74.0 if any(row.expected for row in rows) else 30.0), LABELS
    scale = width / largest
    drawn = [
        {
            "row": row,
            "y": round(i * ROW + 2, 1),
            "spans": charts.stack_spans(row.values, largest=largest, width=width, start=start),
            "total": sum(row.values),
            "end": round(start + max(sum(row.values), row.expected or 0) * scale + 8, 1),
            "expected": round(row.expected * scale, 1) if row.expected else None,
        }
        for i, row in enumerate(rows)
    ]
    return {
        "rows": drawn,
        "series": series,
        "sentence": sentence,
        "scheme": scheme,
        "start": start,
        "height": round(len(rows) * ROW, 1),
        "head": head,
    }


@register.inclusion_tag("components/charts/keys.html")
def chart_keys(series: Sequence[str], scheme: str = "part") -> dict[str, object]:
    """List the parts of a stacked chart with their colours."""
    return {"series": series, "scheme": scheme}


@register.inclusion_tag("components/charts/turnaround.html")
def turnaround(rows: Sequence[TurnaroundRow], sentence: str) -> dict[str, object]:
    """Draw median and ninth decile of durations against the plan, in business days."""
    start, width, pitch = 130.0, 262.0, 27.0
    grid = charts.ticks(0, max((max(row.ninth_decile, row.plan) for row in rows), default=1), 6)
    scale = width / grid[-1]
    drawn = [
        {
            "row": row,
            "y": round(10 + i * pitch, 1),
            "middle": round(15 + i * pitch, 1),
            "tick": round(5 + i * pitch, 1),
            "median": round(start + row.median * scale, 1),
            "decile": round(start + row.ninth_decile * scale, 1),
            "plan": round(start + row.plan * scale, 1),
            "bed": round(row.plan * scale, 1),
        }
        for i, row in enumerate(rows)
    ]
    return {
        "rows": drawn,
        "grid": [charts.Tick(round(start + value * scale, 1), value) for value in grid],
        "start": start,
        "bottom": round(len(rows) * pitch + 4, 1),
        "height": round(len(rows) * pitch + 22, 1),
        "sentence": sentence,
    }


@register.inclusion_tag("components/charts/funnel.html")
def funnel(stages: Sequence[FunnelStage], sentence: str) -> dict[str, object]:
    """Draw how many time points reached each stage; every figure opens its list."""
    columns = charts.funnel_stages([stage.count for stage in stages])
    following = [*(stage.count for stage in stages[1:]), None]
    drawn = [
        {
            "stage": stage,
            "column": column,
            "lost": stage.count - after if after is not None else 0,
        }
        for stage, column, after in zip(stages, columns, following, strict=True)
    ]
    return {"stages": drawn, "sentence": sentence}
