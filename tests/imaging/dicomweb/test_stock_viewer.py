"""OHIF, as it is published, shows images from the running server (docs/dicomweb.md, stock viewers).

The viewer is no part of the project: get its build (``npm pack @ohif/app``) and give the folder
``package/dist`` as ICRO_OHIF.
"""

from __future__ import annotations

import http.client
import io
import json
import mimetypes
import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator

from studies.scoping import scope
from tests.imaging.dicomweb.archive_world import (
    compressed,
    key_of,
    slice_of,
    stored_series,
    three_frames,
)
from tests.reads.read_world import READERS, make_read_study
from tests.reads.test_training_images import case_with_images

pytestmark = [
    pytest.mark.whole,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
#: letters over an empty view have many greys, but not those of a picture
MOST_GREYS_OF_AN_EMPTY_VIEW = 150


def config(service: str) -> dict[str, Any]:
    """Return how the viewer is told of an archive."""
    return {
        "routerBasename": "/",
        "extensions": [],
        "modes": [],
        "showStudyList": True,
        "investigationalUseDialog": {"option": "never"},
        "defaultDataSourceName": "dicomweb",
        "dataSources": [
            {
                "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
                "sourceName": "dicomweb",
                "configuration": {
                    "friendlyName": "archive",
                    "name": "archive",
                    "qidoRoot": service,
                    "wadoRoot": service,
                    "qidoSupportsIncludeField": True,
                    "imageRendering": "wadors",
                    "thumbnailRendering": "wadors",
                    "enableStudyLazyLoad": True,
                    "supportsFuzzyMatching": True,
                    "supportsWildcard": True,
                    "omitQuotationForMultipartRequest": True,
                    "bulkDataURI": {"enabled": True},
                },
            }
        ],
    }


class Viewer:
    """The viewer's files and the archive under one origin, as a web server in front does it."""

    def __init__(self, build: Path, archive: str, key: str, *, study: str = "ALPHA") -> None:
        service = f"/dicomweb/{study}"
        self.answers: list[tuple[int, str]] = []
        viewer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                if self.path.startswith(service):
                    self._pass_on()
                else:
                    self._file(self.path.split("?")[0].lstrip("/"))

            def _pass_on(self) -> None:
                line = http.client.HTTPConnection(archive)
                headers = {"Accept": self.headers["Accept"], "Authorization": key}
                line.request("GET", self.path, headers=headers)
                answer = line.getresponse()
                viewer.answers.append((answer.status, self.path))
                self._send(answer.status, answer.headers["Content-Type"], answer.read())

            def _file(self, name: str) -> None:
                if name == "app-config.js":
                    text = f"window.config = {json.dumps(config(service))};"
                    return self._send(200, "text/javascript", text.encode())
                # Addresses of the viewer's own pages are answered by its one page.
                found = build / name if name and (build / name).is_file() else build / "index.html"
                kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
                return self._send(200, kind, found.read_bytes())

            def _send(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("localhost", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def frames(self) -> int:
        """How many frames the archive gave."""
        return sum(status == 200 and "/frames/" in path for status, path in self.answers)


@pytest.fixture
def build() -> Path:
    folder = Path(os.environ.get("ICRO_OHIF", ""))
    if not (folder / "app-config.js").is_file():
        pytest.skip("OHIF is absent; give the folder of its build as ICRO_OHIF.")
    return folder


@pytest.fixture
def viewer(build: Path, live_server: Any) -> Iterator[tuple[Viewer, list[str]]]:
    world = make_read_study()
    with scope(world.study):
        points = world.time_points(world.subjects[0])
    rows = [
        stored_series(world, points[0], make=partial(slice_of, size=64), count=3),
        stored_series(world, points[1], make=compressed, count=1),
        stored_series(world, points[2], make=three_frames, count=1),
    ]
    made = Viewer(build, live_server.url.removeprefix("http://"), key_of(world, "image_operations"))
    yield made, [row.imaging_study.uid for row in rows]
    made.server.shutdown()
    made.server.server_close()


def shows(canvas: Locator, *, looks: int = 100) -> bool:
    """Tell whether a canvas comes to show a picture: an empty one has one grey value."""
    for _ in range(looks):
        picture = Image.open(io.BytesIO(canvas.screenshot())).convert("L")
        if len(np.unique(np.asarray(picture))) > MOST_GREYS_OF_AN_EMPTY_VIEW:
            return True
    return False


def test_a_stock_viewer_lists_examinations_and_shows_their_pixels(
    viewer: tuple[Viewer, list[str]], browser: Browser
) -> None:
    served, (slices, packed, frames) = viewer
    with browser.new_context(base_url=served.url) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto("/")
        page.get_by_text("1-3 of 3").wait_for()
        for study, least in ((slices, 3), (packed, 1), (frames, 1)):
            before = served.frames
            page.goto(f"/viewer?StudyInstanceUIDs={study}")
            page.locator("[data-viewport-uid] canvas").first.wait_for()
            page.wait_for_load_state("networkidle")
            assert served.frames - before >= least
            if study != frames:  # its frames are of one value each
                assert shows(page.locator("[data-viewport-uid] canvas").first)
    assert [answer for answer in served.answers if answer[0] >= 400] == []


def test_a_reader_in_training_opens_the_case_in_a_stock_viewer(
    build: Path, live_server: Any, browser: Browser
) -> None:
    live, _school, (row, *_later) = case_with_images({})
    key = key_of(live, READERS[0])
    address = live_server.url.removeprefix("http://")
    served = Viewer(build, address, key, study="SCHOOL")
    with browser.new_context(base_url=served.url) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto("/")
        page.get_by_text("1-1 of 1").wait_for()
        page.goto(f"/viewer?StudyInstanceUIDs={row.imaging_study.uid}")
        page.locator("[data-viewport-uid] canvas").first.wait_for()
        page.wait_for_load_state("networkidle")
    served.server.shutdown()
    served.server.server_close()
    assert served.frames >= 1
    assert [answer for answer in served.answers if answer[0] >= 400] == []
