"""Template tags write what the contract in docs/ui.md promises."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.paginator import Paginator
from django.template import engines
from django.test import RequestFactory

from ui.records import Guard, HistoryEntry, LifeStep, Link
from ui.shell import Shell

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 16, 8, 12, tzinfo=UTC)


def shown(source: str, **context: object) -> str:
    """Render a template and fold white space."""
    request = context.pop("request", None) or RequestFactory().get("/list/?state=open&page=3")
    template = engines["django"].from_string("{% load ui charts %}" + source)
    return re.sub(r"\s+", " ", template.render(context, request)).strip()


def words(html: str) -> str:
    """Return the text of markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)).strip()


def test_an_icon_is_decorative_and_comes_from_the_sprite() -> None:
    html = shown('{% icon "lock" "s" %}')
    assert 'aria-hidden="true"' in html
    assert "ui/icons.svg#lock" in html


def test_a_state_is_an_icon_and_a_word_in_its_tone() -> None:
    html = shown('{% state "time_point" "in_qc" %}')
    assert 'data-tone="work"' in html
    assert "#clipboard-check" in html
    assert words(html) == "In QC"


def test_an_instant_is_written_in_the_readers_zone_with_utc_on_hover() -> None:
    html = shown("{% when now %}", now=NOW, shell=Shell(time_zone="Europe/Madrid"))
    assert words(html) == "16 Mar 2026 09:12 (UTC+1)"
    assert 'title="16 Mar 2026 08:12:00 (UTC)"' in html
    assert 'datetime="2026-03-16T08:12:00+00:00"' in html


def test_text_of_people_is_escaped() -> None:
    html = shown("{% history entries %}", entries=[_entry(reason="<script>alert(1)</script>")])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def _entry(**changes: str) -> HistoryEntry:
    given = {"who": "Priya Anand", "did": "changed the due date of Q-0388", **changes}
    return HistoryEntry(when=NOW, **given)  # type: ignore[arg-type]


def test_a_history_line_reads_like_a_sentence() -> None:
    entry = _entry(
        role="image operations", old="04 Mar 2026", new="06 Mar 2026", reason="local holidays"
    )
    assert "Priya Anand, image operations, changed the due date of Q-0388 from 04 Mar 2026 to " in (
        words(shown("{% history entries %}", entries=[entry]))
    )


def test_blank_old_and_new_values_are_named() -> None:
    text = words(shown("{% history entries %}", entries=[_entry(old="", new="12.9")]))
    assert "from blank to 12.9" in text
    text = words(shown("{% history entries %}", entries=[_entry(old="12.9", new="")]))
    assert "from 12.9 to blank" in text


def test_why_not_puts_failed_conditions_first_with_their_way_out() -> None:
    guards = [
        Guard(text="Scanner qualified", is_met=True),
        Guard(text="Query Q-0388 is open", is_met=False),
        Guard(text="Package is built later", is_met=False, is_pending=True),
    ]
    html = shown("{% why_not guards %}", guards=guards)
    order = [html.index(text) for text in ("Q-0388", "Scanner qualified", "Package is built")]
    assert order == sorted(order)


def test_a_life_line_tells_screen_readers_what_is_done_and_where_it_stands() -> None:
    steps = [
        LifeStep(phase="done", icon="scan", label="Acquired"),
        LifeStep(phase="now", icon="inbox", label="Received"),
        LifeStep(phase="todo", icon="lock", label="Locked"),
    ]
    html = shown("{% lifeline steps %}", steps=steps)
    assert html.count('aria-current="step"') == 1
    assert re.findall(r'class="ic-sr">([^<]+)<', html) == ["done", "now", "to come"]


def test_a_filter_chip_keeps_the_other_filters_and_starts_at_the_first_page() -> None:
    html = shown('{% chip "Late" "late" "1" count=20 %}')
    assert 'href="?state=open&amp;late=1"' in html
    assert "aria-current" not in html


def test_a_pressed_filter_chip_takes_its_filter_away() -> None:
    html = shown('{% chip "Open" "state" "open" %}')
    assert 'href="/list/"' in html
    assert 'aria-current="true"' in html


def test_the_pager_says_what_is_seen_and_keeps_the_filters() -> None:
    page = Paginator(range(132), 14).page(3)
    html = shown('{% pager page "/list.csv" %}', page=page)
    assert "29 to 42 of 132" in words(html)
    assert "?state=open&amp;page=4" in html
    assert 'href="/list.csv"' in html


def test_an_empty_list_offers_one_thing_to_do() -> None:
    html = shown(
        '{% empty "No open queries" "New ones appear here." action %}',
        action=Link(label="See closed queries", url="/closed/"),
    )
    assert html.count("<a ") == 1


def test_charts_have_a_sentence_and_a_table() -> None:
    html = shown(
        '{% line_chart rows "The sum falls." unit="mm" %}', rows=[("TP1", 74.6), ("TP2", 56.5)]
    )
    assert 'role="img" aria-label="The sum falls."' in html
    assert re.findall(r'<th scope="row">(\w+)</th><td class="num">([\d.]+)</td>', html) == [
        ("TP1", "74.6"),
        ("TP2", "56.5"),
    ]


def test_templates_hold_no_inline_style_script_or_handler() -> None:
    """A strict Content-Security-Policy would drop them without a word."""
    found = [
        f"{file.relative_to(ROOT)}: {match}"
        for file in _templates()
        for match in re.findall(
            r"<style\b|<script(?![^>]*\bsrc=)[^>]*>|\sstyle=|\son[a-z]+=|javascript:|hx-on",
            file.read_text(encoding="utf-8"),
        )
    ]
    assert found == []


def test_style_sheets_hold_colours_only_among_the_tokens() -> None:
    sheets = (ROOT / "frontend" / "src" / "css").glob("*.css")
    found = [
        f"{sheet.name}: {match}"
        for sheet in sheets
        if sheet.name != "tokens.css"
        for match in re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet.read_text(encoding="utf-8"))
    ]
    assert found == []


FOLDERS = ("account", "allauth", "mfa", "errors", "layouts", "components", "ui")


def test_every_template_of_the_look_compiles() -> None:
    names = [
        str(file.relative_to(ROOT / "templates"))
        for folder in FOLDERS
        for file in (ROOT / "templates" / folder).rglob("*.html")
        if "form" not in file.parts
    ]
    for name in ("base.html", *names):
        engines["django"].get_template(name)
    assert len(names) > 60


def test_no_tag_is_left_unread_in_a_template() -> None:
    """A brace too few turns a tag into text on the page."""
    whole = re.compile(r"\{%(?:\"[^\"]*\"|[^\"%])*%\}")
    loose = re.compile(r"\{%.*|\{\{[^}]*\}[^}]")
    found = [
        f"{name.relative_to(ROOT)}: {match}"
        for name in _templates()
        for match in loose.findall(whole.sub("", name.read_text(encoding="utf-8")))
    ]
    assert found == []


def _templates() -> Iterable[Path]:
    return (ROOT / "templates").rglob("*.html")


@pytest.mark.parametrize("name", ["400", "403", "404", "409", "422", "500", "problem"])
def test_error_pages_say_what_happened_and_lead_on(name: str) -> None:
    template = engines["django"].get_template(f"errors/{name}.html")
    html = template.render({"status": 404, "detail": "Nothing.", "request_id": "ab12cd34"})
    assert "ab12cd34" in html
    assert 'href="/"' in html


def test_a_name_is_cut_at_its_underscores_and_escaped() -> None:
    assert shown("{{ name|parted }}", name="dossier_items") == "dossier_<wbr>items"
    assert shown("{{ name|parted }}", name="a_<b>") == "a_<wbr>&lt;b&gt;"
