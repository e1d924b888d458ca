"""Template tags of the look: icons, states, moments, figures, and the small components."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.core.paginator import Page
from django.http import QueryDict
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from ui import figures, moments
from ui.records import BarRow, Guard, HistoryEntry, LifeStep, Link
from ui.states import State, palette, state_of

register = template.Library()

SIZES = {"xs": "ic-i xs", "s": "ic-i s", "": "ic-i", "l": "ic-i l"}


# --- Icons and states ------------------------------------------------------------------------
@register.simple_tag
@lru_cache(maxsize=1024)  # a matrix draws thousands of a few dozen
def icon(name: str, size: str = "") -> SafeString:
    """Draw an icon of the sprite; it is decorative, the words stand beside it."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        SIZES[size],
        static("ui/icons.svg"),
        name,
    )


@register.simple_tag
def state(kind: str, code: str, size: str = "", label: str = "") -> SafeString:
    """Draw the badge of a state; ``size="l"`` for page heads."""
    look = state_of(kind, code)
    return format_html(
        '<span class="ic-state{}" data-tone="{}">{}{}</span>',
        " l" if size == "l" else "",
        look.tone,
        icon(look.icon, "s"),
        label or look.label,
    )


@register.simple_tag
def flag(tone: str, name: str, text: str) -> SafeString:
    """Draw a coloured icon with words, without the badge's field."""
    return format_html(
        '<span class="ic-flag" data-tone="{}">{}{}</span>', tone, icon(name, "xs"), text
    )


@register.filter
def look(code: str, kind: str) -> State:
    """Return the state's look, for components that place its parts themselves."""
    return state_of(kind, code)


@register.simple_tag
def states_of(kind: str) -> list[State]:
    """Return all states of a kind, for legends."""
    return list(palette()[kind].values())


# --- Moments ---------------------------------------------------------------------------------
def _clock_mark(clock: moments.Clock) -> SafeString:
    return format_html(
        '<span class="ic-clock" data-tone="{}">{}{}</span>',
        clock.tone,
        icon(clock.icon, "xs"),
        clock.text,
    )


def _zone(context: Context, zone: str) -> str:
    frame = context.get("shell")
    known = frame.time_zone if frame is not None and hasattr(frame, "time_zone") else ""
    return zone or known or "UTC"


@register.simple_tag(takes_context=True)
def clock(
    context: Context,
    due: date | datetime | None,
    now: datetime,
    *,
    paused: bool = False,
    days: int | None = None,
    zone: str = "",
) -> SafeString:
    """Draw time left or lateness; ``days`` are business days that a calendar counted."""
    if days is not None and not paused:
        return _clock_mark(moments.clock_of_days(days))
    return _clock_mark(moments.clock_of(due, now, zone=_zone(context, zone), paused=paused))


@register.simple_tag
def clock_mark(tone: str, text: str, name: str = "clock") -> SafeString:
    """Draw a clock whose words the caller has, for forecasts and finished steps."""
    return _clock_mark(moments.Clock(tone, name, text))


@register.simple_tag(takes_context=True)
def when(
    context: Context,
    value: datetime | None,
    zone: str = "",
    *,
    seconds: bool = False,
    time_only: bool = False,
) -> SafeString:
    """Write an instant in the reader's zone; UTC shows on hover."""
    if value is None:
        return SafeString(moments.DASH)
    place = _zone(context, zone)
    words = (
        moments.time_words(value, place)
        if time_only
        else moments.moment_words(value, place, seconds=seconds)
    )
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moments.aware(value).isoformat(),
        moments.moment_words(value, "UTC", seconds=True),
        words,
    )


@register.simple_tag
def day(value: date | str | None) -> SafeString:
    """Write a day or a partial ISO date: ``05 Mar 2026``, ``UN Mar 2026``."""
    if not value:
        return SafeString(moments.DASH)
    iso = value if isinstance(value, str) else f"{value:%Y-%m-%d}"
    return format_html('<time datetime="{}">{}</time>', iso, moments.day_words(value))


@register.simple_tag
def offset_minutes(value: datetime, zone: str) -> int:
    """Return the offset of a zone at an instant, for clocks that run on in the page."""
    return moments.offset_minutes(value, zone)


# --- Figures ---------------------------------------------------------------------------------
@register.filter
def number(value: figures.Number | None, digits: int | None = None) -> str:
    """Write 1204 as 1,204; blank is a dash, never a nought."""
    return figures.number_words(value, digits)


@register.filter
def minus(text: str) -> str:
    """Write the negative numbers of a sentence with a real minus sign."""
    return figures.with_minus(text)


@register.filter
def signed(value: figures.Number | None, digits: int | None = None) -> str:
    """Write a change with its sign."""
    return figures.signed_words(value, digits)


@register.filter
def parted(name: str) -> SafeString:
    """Write a name that may be cut at its underscores where its column is narrow."""
    return format_html_join(SafeString("_<wbr>"), "{}", ((part,) for part in name.split("_")))


@register.filter
def percent(value: figures.Number | None, digits: int = 0) -> str:
    """Write 28.2 as 28.2 %."""
    return figures.percent_words(value, digits)


@register.filter
def unit(value: figures.Number | None, name: str) -> str:
    """Write a value with its unit."""
    return figures.unit_words(value, name)


@register.filter
def filesize(value: int | None) -> str:
    """Write a number of bytes."""
    return figures.bytes_words(value)


@register.inclusion_tag("components/hash.html")
def digest(value: str) -> dict[str, str]:
    """Write a hash shortened, with a button that copies all of it."""
    return {"value": value, "short": figures.hash_words(value)}


# --- People ----------------------------------------------------------------------------------
@register.simple_tag
def person(who: object, size: str = "") -> SafeString:
    """Draw the initials of a user or a printed name; decorative, the name stands beside it."""
    name = str(getattr(who, "printed_name", who))
    css = "ic-ava l" if size == "l" else "ic-ava"
    return format_html('<span class="{}" aria-hidden="true">{}</span>', css, figures.initials(name))


@register.simple_tag
def system_mark(name: str = "robot") -> SafeString:
    """Draw the square mark of the system as an actor."""
    return format_html('<span class="ic-ava sys" aria-hidden="true">{}</span>', icon(name, "xs"))


# --- Small components ------------------------------------------------------------------------
@register.inclusion_tag("components/history.html")
def history(entries: Iterable[HistoryEntry]) -> dict[str, object]:
    """Write a history as sentences, in the order given."""
    return {"entries": entries}


@register.inclusion_tag("components/lifeline.html")
def lifeline(steps: Sequence[LifeStep], label: str = "") -> dict[str, object]:
    """Draw the steps of a life: done solid, now ringed, to come dashed."""
    return {"steps": steps, "label": label or gettext("Steps")}


@register.inclusion_tag("components/bars.html")
def bars(rows: Sequence[BarRow]) -> dict[str, object]:
    """Draw causes with their counts; the longest bar fills the row."""
    return {"rows": rows, "largest": max((row.value for row in rows), default=1)}


@register.inclusion_tag("components/empty.html")
def empty(
    title: str, text: str, action: Link | None = None, icon_name: str = "circle-check"
) -> dict[str, object]:
    """Say what would be here, when it will, and one thing to do."""
    return {"title": title, "text": text, "action": action, "icon_name": icon_name}


@register.inclusion_tag("components/why_not.html", takes_context=True)
def why_not(context: Context, guards: Iterable[Guard]) -> dict[str, object]:
    """List every guard of the next transition: failed first, met ones in one line."""
    known = list(guards)
    return {
        "failed": [guard for guard in known if not guard.is_met and not guard.is_pending],
        "met": [guard for guard in known if guard.is_met],
        "pending": [guard for guard in known if guard.is_pending and not guard.is_met],
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: Context, page: Page[Any], csv_url: str = "") -> dict[str, object]:
    """Draw the foot of a paged table: what is seen, the pages, the CSV of exactly this."""
    request = context["request"]
    return {
        "page": page,
        "request": request,
        "numbers": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "gap": page.paginator.ELLIPSIS,
        "csv_url": csv_url,
    }


@register.simple_tag(takes_context=True)
def querystring(context: Context, *, at: str = "", **changes: object) -> str:
    """Return the page's query with some values changed; None removes one, the page number goes.

    A filter chip that changes what is seen starts at the first page again. ``at`` is the address
    of the page, needed where it is shown as the answer to a post at another one.
    """
    request = context["request"]
    query: QueryDict = request.GET.copy()
    if "page" not in changes:
        query.pop("page", None)
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    text = query.urlencode()
    if not text:
        return at or str(request.path)
    return f"{at}?{text}"


@register.simple_tag(takes_context=True)
def chip(
    context: Context,
    text: str,
    name: str,
    value: str = "",
    *,
    count: int | None = None,
    at: str = "",
) -> SafeString:
    """Draw a filter chip: a link that sets one value of the query, or removes it when it is set.

    ``at`` is as for ``querystring``.
    """
    on = context["request"].GET.get(name, "") == value
    target = None if on and value else value
    number_mark: SafeString | str = ""
    if count is not None:
        number_mark = format_html('<span class="ic-count">{}</span>', figures.number_words(count))
    return format_html(
        '<a class="ic-chip" href="{}"{}>{}{}</a>',
        querystring(context, at=at, **{name: target}),
        SafeString(' aria-current="true"') if on else "",
        text,
        number_mark,
    )


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(context: Context, text: str, name: str, css: str = "") -> dict[str, object]:
    """Draw a table head that sorts: first up, then down; the order stands in the URL."""
    current = context["request"].GET.get("sort", "")
    direction = {name: "ascending", f"-{name}": "descending"}.get(current, "")
    target = f"-{name}" if direction == "ascending" else name
    return {
        "text": text,
        "css": css,
        "direction": direction,
        "url": querystring(context, sort=target),
    }


@register.simple_tag
def joined(words: Iterable[object]) -> SafeString:
    """Join facts of one line with middle dots."""
    return format_html_join(" · ", "{}", ((word,) for word in words if word))
