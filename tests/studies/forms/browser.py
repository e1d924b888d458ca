"""What a browser would post from a page: successful controls, as the HTML standard names them."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """Controls, labels and ids of one page."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.posted: dict[str, list[str]] = {}
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.described: set[str] = set()
        self.links: set[str] = set()
        self.attributes: set[str] = set()
        self.tags: set[str] = set()
        self._select = ""
        self._area: tuple[str, list[str]] | None = None
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.attributes |= set(given)
        if given.get("id"):
            self.ids.append(given["id"])
        self.described |= set((given.get("aria-describedby") or "").split())
        self.described |= set((given.get("aria-labelledby") or "").split())
        if tag == "a":
            self.links.add((given.get("href") or "").removeprefix("#"))
        if tag == "label":
            self.labelled.add(given.get("for") or "")
        if tag in ("input", "select", "textarea"):
            self.controls.append(given)
        name, kind = given.get("name") or "", given.get("type")
        if tag == "input" and (kind not in ("radio", "checkbox") or "checked" in given):
            self._post(name, given.get("value") or "")
        if tag == "select":
            self._select = name
            self.posted.setdefault(name, [""])
        if tag == "option" and "selected" in given:
            self.posted[self._select] = [given.get("value") or ""]
        if tag == "textarea":
            self._area = (name, [])

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            name, parts = self._area
            self._post(name, "".join(parts).removeprefix("\n"))
            self._area = None

    def _post(self, name: str, value: str) -> None:
        self.posted.setdefault(name, []).append(value)
