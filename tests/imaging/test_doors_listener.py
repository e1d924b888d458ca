"""The DICOM listener: known senders only, durable before success, nothing parsed on the way in."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pynetdicom import AE, _config
from pynetdicom.sop_class import CTImageStorage, Verification  # type: ignore[attr-defined]

from accounts.models import User
from audit.errors import NotPermitted, RuleBroken
from audit.models import Event
from icro import processes
from imaging.doors.listener import InsecureListener, Listener, Listening
from imaging.doors.peers import is_allowed, peer_for
from imaging.models import Arrival, ArrivedFile, DicomPeer
from imaging.phantom import write_series
from imaging.services import doors
from imaging.storage import ArrivalStore
from studies.scoping import scope
from tests.imaging.test_doors import sorted_now
from tests.imaging.upload_world import make_imaging_study, spec_for
from tests.plugins import runs
from tests.settings import RUN
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db(transaction=True)

Where = tuple[str, int]


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    made = make_imaging_study()
    with scope(made.study):
        yield made


def add_peer(world: StudyWorld, **changes: Any) -> DicomPeer:
    facts: dict[str, Any] = {
        "calling_title": "PACS_LISBON",
        "called_title": "ICRO_ALPHA",
        "addresses": "127.0.0.1",
        "responsible": world.users["site_user"],
        "quiet_seconds": 300,
        "actor": world.actor("project_manager"),
    }
    return doors.add_peer(world.sites[0], **{**facts, **changes})


@pytest.fixture
def listening() -> Iterator[Where]:
    before = tempfile.tempdir
    server = Listener(Listening(port=0)).start()
    yield ("127.0.0.1", server.server_address[1])
    server.shutdown()
    tempfile.tempdir, _config.STORE_RECV_CHUNKED_DATASET = before, False


@pytest.fixture
def images(world: StudyWorld, tmp_path: Path) -> list[Path]:
    spec = spec_for(world.time_points(world.subjects[0])[0])
    code = world.subjects[0].code
    write_series(tmp_path, replace(spec, identity=replace(spec.identity, patient_id=code)))
    return sorted(p for p in tmp_path.rglob("*") if p.is_file())


def associate(where: Where, *, calling: str = "PACS_LISBON", called: str = "ICRO_ALPHA") -> Any:
    entity = AE(ae_title=calling)
    entity.add_requested_context(CTImageStorage)
    entity.add_requested_context(Verification)
    return entity.associate(*where, ae_title=called)


def send(where: Where, paths: list[Path]) -> list[int]:
    assoc = associate(where)
    assert assoc.is_established
    found = [assoc.send_c_store(dcmread(path)).Status for path in paths]
    assoc.release()
    return found


def test_a_known_sender_stores_and_the_visit_gets_its_draft(
    world: StudyWorld, listening: Where, images: list[Path]
) -> None:
    add_peer(world)
    assert send(listening, images) == [0x0000] * len(images)
    arrival = Arrival.objects.get()
    assert (arrival.door, arrival.source) == ("dicom", "PACS_LISBON → ICRO_ALPHA")
    assert arrival.responsible == world.users["site_user"]
    store = ArrivalStore(arrival.pk)
    assert all(store.exists(row.sha256) for row in arrival.files.all())
    (examination,) = sorted_now(world, arrival)
    assert examination.state == "delivered"
    assert examination.submission is not None
    assert examination.submission.file_count == len(images)


@pytest.mark.parametrize(
    ("calling", "called"), [("STRANGER", "ICRO_ALPHA"), ("PACS_LISBON", "ICRO_OTHER")]
)
def test_an_unknown_pair_of_titles_is_refused_and_the_trail_says_so(
    world: StudyWorld, listening: Where, calling: str, called: str
) -> None:
    add_peer(world)
    assoc = associate(listening, calling=calling, called=called)
    assert assoc.is_rejected
    assert not assoc.is_established
    event = Event.objects.get(kind="door.refused")
    assert event.details == {"calling": calling, "called": called, "address": "127.0.0.1"}
    assert not Arrival.objects.exists()


def test_the_right_titles_from_a_wrong_address_are_refused(
    world: StudyWorld, listening: Where
) -> None:
    add_peer(world, addresses="192.0.2.0/28, 198.51.100.7")
    assert associate(listening).is_rejected


def test_an_ended_sender_is_refused_within_a_running_association(
    world: StudyWorld, listening: Where, images: list[Path]
) -> None:
    peer = add_peer(world)
    assoc = associate(listening)
    assert assoc.send_c_store(dcmread(images[0])).Status == 0x0000
    doors.end_peer(peer, actor=world.actor("project_manager"), reason="new PACS")
    assert assoc.send_c_store(dcmread(images[1])).Status == 0x0124
    assoc.release()
    assert associate(listening).is_rejected
    assert ArrivedFile.objects.count() == 1


def test_two_associations_before_the_quiet_time_are_one_arrival(
    world: StudyWorld, listening: Where, images: list[Path]
) -> None:
    add_peer(world)
    send(listening, images[:6])
    send(listening, images[6:])
    assert Arrival.objects.get().files.count() == len(images)


def test_an_object_that_nobody_can_read_is_taken_sealed_and_refused_when_it_is_sorted(
    world: StudyWorld, listening: Where, images: list[Path]
) -> None:
    add_peer(world)
    broken = dcmread(images[0])
    del broken.SeriesInstanceUID
    assoc = associate(listening)
    assert assoc.send_c_store(broken).Status == 0x0000
    assert assoc.send_c_store(dcmread(images[1])).Status == 0x0000
    assoc.release()
    arrival = Arrival.objects.get()
    (examination,) = sorted_now(world, arrival)
    assert examination.facts["images"] == 1
    assert list(arrival.files.filter(outcome="refused").values_list("code", flat=True)) == [
        "missing_uid"
    ]


def test_bytes_that_are_no_dicom_disturb_nobody(
    world: StudyWorld, listening: Where, images: list[Path]
) -> None:
    add_peer(world)
    for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\x01\x00\xff\xff\xff\xff" + bytes(100), bytes(64)):
        with socket.create_connection(listening, timeout=5) as wire:
            wire.sendall(noise)
    assert send(listening, images[:2]) == [0x0000, 0x0000]


def test_nothing_is_left_in_clear_when_an_association_is_cut(
    world: StudyWorld, listening: Where, images: list[Path], settings: Any
) -> None:
    add_peer(world)
    send(listening, images[:3])
    folder = Path(settings.DATA_DIR) / "work" / "dicom"
    assert list(folder.glob("*.dcm")) == []
    left = folder / "left.dcm"
    left.write_bytes(b"a torn object")
    os.utime(left, (1, 1))
    assoc = associate(listening)
    assoc.abort()
    deadline = time.monotonic() + 5
    while left.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left.exists()


def test_an_echo_is_answered_to_known_senders_only(world: StudyWorld, listening: Where) -> None:
    add_peer(world)
    assoc = associate(listening)
    assert assoc.send_c_echo().Status == 0x0000
    assoc.release()


def test_a_listener_open_to_the_network_in_clear_does_not_start() -> None:
    with pytest.raises(InsecureListener, match="in clear"):
        Listening(host="0.0.0.0").context()
    assert Listening(host="127.0.0.1").context() is None
    assert Listening(host="0.0.0.0", plain=True).context() is None


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"calling_title": "SEVENTEEN_LETTERS"}, "DOOR-020"),
        ({"calling_title": "back\\slash"}, "DOOR-020"),
        ({"calling_title": " "}, "DOOR-020"),
        ({"addresses": "pacs.example.org"}, "DOOR-021"),
        ({"addresses": " , "}, "DOOR-021"),
    ],
)
def test_a_sender_that_makes_no_sense_is_refused(
    world: StudyWorld, change: dict[str, Any], rule: str
) -> None:
    with pytest.raises(RuleBroken) as told:
        add_peer(world, **change)
    assert told.value.rule == rule


def test_a_pair_of_titles_means_one_site_in_the_whole_installation(world: StudyWorld) -> None:
    add_peer(world)
    with pytest.raises(RuleBroken, match="in use already"):
        add_peer(world)


def test_the_responsible_person_sends_for_that_site(world: StudyWorld) -> None:
    for name in ("site_user_2", "image_operations"):
        with pytest.raises(RuleBroken, match="sends no images"):
            add_peer(world, responsible=world.users[name])
    with pytest.raises(NotPermitted):
        add_peer(world, actor=world.actor("image_operations"))
    assert isinstance(world.users["site_user"], User)


def test_addresses_are_compared_as_networks() -> None:
    assert is_allowed("192.0.2.0/28, 198.51.100.7", "192.0.2.15")
    assert is_allowed("192.0.2.0/28, 198.51.100.7", "::ffff:198.51.100.7")
    assert not is_allowed("192.0.2.0/28, 198.51.100.7", "192.0.2.16")
    assert not is_allowed("192.0.2.0/28", "not an address")


def test_a_suspended_site_sends_nothing(world: StudyWorld) -> None:
    from studies.workflows import STUDY_SITE

    add_peer(world)
    found = {"calling": "PACS_LISBON", "called": "ICRO_ALPHA", "address": "127.0.0.1"}
    assert peer_for(**found) is not None
    STUDY_SITE.move(world.sites[0], "suspend", actor=world.actor("project_manager"), reason="audit")
    assert peer_for(**found) is None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _process(port: int) -> subprocess.Popen[bytes]:
    command = runs.ending_with_us(processes.dicom(port=port))
    process = subprocess.Popen(
        command,
        cwd=runs.ROOT,
        env={
            **os.environ,
            **RUN.process_environment(),
            "DJANGO_SETTINGS_MODULE": "icro.settings",
        },
        **runs.process_options(),
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None
            time.sleep(0.2)
        else:
            return process
    raise AssertionError("the listener did not start")


@pytest.mark.slow
def test_what_was_acknowledged_outlives_a_killed_listener(
    world: StudyWorld, images: list[Path]
) -> None:
    add_peer(world)
    port = _free_port()
    acknowledged = 0
    process = _process(port)
    try:
        assoc = associate(("127.0.0.1", port))
        for path in images[:7]:
            acknowledged += assoc.send_c_store(dcmread(path)).Status == 0x0000
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert acknowledged == 7
    arrival = Arrival.objects.get()
    store = ArrivalStore(arrival.pk)
    whole = [b"".join(store.chunks(row.sha256)) for row in arrival.files.all()]
    assert len(whole) == 7
    process = _process(port)
    try:
        assert send(("127.0.0.1", port), images) == [0x0000] * len(images)
    finally:
        process.terminate()
        process.wait(timeout=20)
    assert arrival.files.count() == len(images)
