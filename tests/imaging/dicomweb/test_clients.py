"""Other people's programs work against the running server: dicomweb-client and dicomply.

The released dicomply (0.0.1) says itself that its checks are not implemented; the checks that it
names for its first release are made here, over HTTP, with nothing but the standard's own terms.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session
from pydicom.dataset import Dataset

from imaging.dicomweb.multipart import Reader, boundary_of
from studies.scoping import scope
from tests.imaging.dicomweb.archive_world import (
    compressed,
    key_of,
    pixels_of,
    stored_series,
    three_frames,
)
from tests.reads.read_world import make_read_study

pytestmark = pytest.mark.django_db(transaction=True)


class Served:
    """A running server with three kinds of series, and a client of somebody else's making."""

    def __init__(self, url: str) -> None:
        self.world = make_read_study()
        with scope(self.world.study):
            points = self.world.time_points(self.world.subjects[0])
        self.slices = stored_series(self.world, points[0], count=12)
        self.frames = stored_series(self.world, points[1], make=three_frames, count=1)
        self.packed = stored_series(self.world, points[2], make=compressed, count=1)
        self.host = url.removeprefix("http://")
        self.url = f"{url}/dicomweb/ALPHA"
        self.session = create_session()
        self.session.headers["Authorization"] = key_of(self.world, "image_operations")
        self.client = DICOMwebClient(self.url, session=self.session)

    def get(self, path: str, accept: str = "*/*", **headers: str) -> requests.Response:
        return self.session.get(f"{self.url}{path}", headers={"Accept": accept, **headers})

    def path(self, row: Any, number: int | None = None) -> str:
        place = f"/studies/{row.imaging_study.uid}/series/{row.uid}"
        return place if number is None else f"{place}/instances/{row.uid}.{number}"


@pytest.fixture
def served(live_server: Any) -> Iterator[Served]:
    made = Served(live_server.url)
    yield made
    made.session.close()


def test_dicomweb_client_finds_and_retrieves_everything(served: Served) -> None:
    client, row = served.client, served.slices
    study, series, sop = row.imaging_study.uid, row.uid, f"{row.uid}.3"
    # searching
    assert len(client.search_for_studies()) == 3
    assert len(client.search_for_studies(search_filters={"PatientID": "101-001"})) == 3
    assert len(client.search_for_studies(limit=1, offset=2)) == 1
    (found,) = client.search_for_series(study)
    assert Dataset.from_json(found).SeriesInstanceUID == series
    instances = client.search_for_instances(study, series, fields=["SliceThickness"])
    assert len(instances) == 12
    assert Dataset.from_json(instances[0]).SliceThickness == 5
    assert len(client.search_for_instances(get_remaining=True, limit=5)) == 14
    # metadata and bulk data
    metadata = client.retrieve_series_metadata(study, series)
    assert [Dataset.from_json(m, _no_bulk).InstanceNumber for m in metadata] == [*range(1, 13)]
    assert len(client.retrieve_study_metadata(study)) == 12
    one = client.retrieve_instance_metadata(study, series, sop)
    # This client names the host without its port, so addresses come without it as well.
    uri = one["7FE00010"]["BulkDataURI"].replace("//localhost/", f"//{served.host}/")
    assert client.retrieve_bulkdata(uri) == [pixels_of(3)]
    # objects
    ds = client.retrieve_instance(study, series, sop)
    assert ds.pixel_array[0].tolist() == [300, 301, 302, 303, 304, 305, 306, 307]
    assert len(client.retrieve_series(study, series)) == 12
    assert len(client.retrieve_study(study)) == 12
    assert sum(1 for _ in client.iter_series(study, series)) == 12
    # frames
    octets = ("application/octet-stream",)
    assert client.retrieve_instance_frames(study, series, sop, [1], octets) == [pixels_of(3)]
    many = served.frames
    taken = client.retrieve_instance_frames(
        many.imaging_study.uid, many.uid, f"{many.uid}.1", [3, 2]
    )
    assert taken == [bytes([3] * 16), bytes([2] * 16)]
    packed = served.packed
    names = (packed.imaging_study.uid, packed.uid, f"{packed.uid}.1")
    (stream,) = client.retrieve_instance_frames(*names, [1], ("image/jp2",))
    assert stream.startswith(b"\xff\x4f")
    whole = client.retrieve_instance(*names, (("application/dicom", "*"),))
    assert np.array_equal(whole.pixel_array.ravel(), np.arange(4096))
    # pictures
    picture = client.retrieve_instance_rendered(study, series, sop, ("image/png",))
    assert picture.startswith(b"\x89PNG")
    framed = client.retrieve_instance_frames_rendered(study, series, sop, [1], ("image/jpeg",))
    assert framed.startswith(b"\xff\xd8")


def _no_bulk(tag: str, vr: str, uri: str) -> None:
    return None


def test_dicomweb_client_sees_refusals_as_http_errors(served: Served) -> None:
    row = served.packed
    with pytest.raises(requests.HTTPError, match="406"):
        served.client.retrieve_instance_frames(
            row.imaging_study.uid, row.uid, f"{row.uid}.1", [1], ("application/octet-stream",)
        )
    with pytest.raises(requests.HTTPError, match="404"):
        served.client.retrieve_series_metadata("1.2.3", "1.2.3.4")
    with pytest.raises(requests.HTTPError, match="400"):
        served.client.search_for_studies(search_filters={"StudyDate": "tomorrow"})


def test_the_released_dicomply_has_no_checks_of_its_own_yet(served: Served) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dicomply", "check", "--url", served.url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "not implemented" in done.stderr


def test_negotiation_of_types_and_transfer_syntaxes(served: Served) -> None:
    """dicomply's first tier: Accept negotiation and transfer syntaxes on retrieval."""
    place = served.path(served.slices, 1)
    good = served.get(place, 'multipart/related; type="application/dicom"; transfer-syntax=*')
    assert good.status_code == 200
    assert good.headers["Content-Type"].startswith('multipart/related; type="application/dicom"')
    asked = "1.2.840.10008.1.2.4.70"
    bad = served.get(place, f'multipart/related; type="application/dicom"; transfer-syntax={asked}')
    assert bad.status_code == 406
    assert "1.2.840.10008.1.2.1" in bad.json()["detail"]
    assert served.get(f"{place}/metadata", "application/dicom+json").status_code == 200
    assert served.get(f"{place}/metadata", "text/html").status_code == 406
    preferred = served.get(f"{place}/rendered", "image/jpeg;q=0.1, image/png")
    assert preferred.headers["Content-Type"] == "image/png"


def test_multipart_messages_can_be_taken_apart(served: Served) -> None:
    """dicomply's first tier: correctness of multipart/related."""
    import io

    answer = served.get(served.path(served.slices), 'multipart/related; type="application/dicom"')
    boundary = boundary_of(answer.headers["Content-Type"])
    assert answer.content.startswith(b"--" + boundary + b"\r\n")
    assert answer.content.endswith(b"\r\n--" + boundary + b"--\r\n")
    sizes = []
    for headers, content in Reader(io.BytesIO(answer.content), boundary).parts():
        body = b"".join(content)
        assert headers["content-type"].startswith("application/dicom")
        assert headers["content-length"] == str(len(body))
        assert body[128:132] == b"DICM"
        sizes.append(len(body))
    assert len(sizes) == 12


def test_pages_of_results_neither_overlap_nor_leave_gaps(served: Served) -> None:
    """dicomply's first tier: limit and offset."""
    place = f"{served.path(served.slices)}/instances"
    whole = [one["00080018"]["Value"][0] for one in served.get(place).json()]
    pages: list[str] = []
    for offset in range(0, 15, 5):
        page = served.get(f"{place}?limit=5&offset={offset}").json()
        assert len(page) <= 5
        pages += [one["00080018"]["Value"][0] for one in page]
    assert pages == whole


def test_results_hold_what_the_standard_requires(served: Served) -> None:
    """dicomply's first tier: required and optional attributes (PS3.18 tables 10.6.3-3 to -5)."""
    study = served.get("/studies").json()[0]
    required = (
        "00080020 00080030 00080050 00080056 00080061 00080090 00081190 00100010 00100020 "
        "00100030 00100040 0020000D 00200010 00201206 00201208"
    )
    assert set(required.split()) <= set(study)
    series = served.get(f"/studies/{served.slices.imaging_study.uid}/series").json()[0]
    assert set("00080060 0008103E 0020000E 00200011 00201209 00081190".split()) <= set(series)
    instance = served.get(f"{served.path(served.slices)}/instances").json()[0]
    wanted = "00080016 00080018 00080056 00200013 00280010 00280011 00280100 00081190"
    assert set(wanted.split()) <= set(instance)


def test_frames_of_multi_frame_objects(served: Served) -> None:
    """dicomply's first tier: frames and lists of frames."""
    place = f"{served.path(served.frames, 1)}/frames"
    raw = "application/octet-stream"
    assert [served.get(f"{place}/{n}", raw).content[0] for n in (1, 2, 3)] == [1, 2, 3]
    assert served.get(f"{place}/4", raw).status_code == 404
    assert served.get(f"{place}/x", raw).status_code in {400, 404}


def test_malformed_requests_have_their_own_statuses(served: Served) -> None:
    """dicomply's first tier: errors."""
    assert served.get("/studies?limit=abc").status_code == 400
    assert served.get("/studies/1.2.3").status_code == 404
    assert served.session.put(f"{served.url}/studies").status_code == 405
    assert served.session.delete(f"{served.url}/studies").status_code == 405
    anonymous = requests.get(f"{served.url}/studies", timeout=20)
    assert anonymous.status_code == 401
    assert anonymous.headers["WWW-Authenticate"].startswith("Bearer")
    for answer in (served.get("/studies/1.2.3"), anonymous):
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


def test_every_bulk_data_address_can_be_followed(served: Served) -> None:
    """dicomply's second tier: bulk data."""
    for row in (served.slices, served.frames):
        for one in served.get(f"{served.path(row)}/metadata").json():
            answer = served.session.get(
                one["7FE00010"]["BulkDataURI"], headers={"Accept": "application/octet-stream"}
            )
            assert answer.status_code == 200
            assert len(answer.content) == int(answer.headers["Content-Length"])


def test_head_requests_and_conditional_requests(served: Served) -> None:
    place = f"{served.path(served.slices)}/metadata"
    head = served.session.head(f"{served.url}{place}")
    assert (head.status_code, head.content) == (200, b"")
    tag = head.headers["ETag"]
    assert served.get(place, **{"If-None-Match": tag}).status_code == 304
