"""The integrity sweep and ``manage.py verify`` find and name what does not hold in any store."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from audit import jobs
from audit.models import Event
from imaging.models import Instance, ReceivedFile, SeriesDocument, Sweep
from imaging.storage import ArrivalStore, metadata_documents, research
from imaging.storage.nightly import ask
from imaging.tasks import ask_for_sweep
from studies.scoping import scope
from tests.imaging import stores
from tests.imaging.dicomweb.archive_world import stored_series
from tests.reads.read_world import make_read_study

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """An S3 server and the folder in which it keeps buckets."""
    root = tmp_path_factory.mktemp("buckets")
    with stores.bucket_server(root) as address:
        yield address, root


@pytest.fixture(params=stores.KINDS)
def place(
    request: pytest.FixtureRequest, settings: Any, tmp_path: Path, server: tuple[str, Path]
) -> stores.Stores:
    """Own stores for each test, in folders and in buckets."""
    made = stores.folders(tmp_path) if request.param == "folder" else stores.buckets(*server)
    settings.KEYS_DIR = tmp_path / "keys"
    settings.DATA_DIR = tmp_path
    settings.STORAGES = {**settings.STORAGES, **made.settings}
    return made


def a_series() -> Any:
    world = make_read_study()
    with scope(world.study):
        point = world.time_points(world.subjects[0])[0]
    return stored_series(world, point)


def swept() -> tuple[Sweep, list[list[str]]]:
    """Run the job as the worker would and return what it kept."""
    assert jobs.run(str(ask().pk)) == "done"
    made = Sweep.objects.first()
    assert made is not None
    return made, made.faults


def verified() -> str:
    """Return what ``manage.py verify`` prints about stored objects."""
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify", "--no-seal", stdout=out)
    assert ended.value.code == 1
    return out.getvalue()


def damage(path: Path) -> None:
    """Flip one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def test_whole_stores_have_no_faults(place: stores.Stores) -> None:
    row = a_series()
    made, faults = swept()
    assert faults == []
    assert made.fault_count == 0
    # Three images and the metadata of their series.
    assert made.objects_read == 4
    assert made.bytes_read == sum(Instance.objects.values_list("size", flat=True)) + (
        SeriesDocument.objects.get(series=row).size
    )
    assert Event.objects.filter(kind="storage.sweep", details__faults=0).count() == 1


def test_a_flipped_byte_a_deleted_object_and_an_orphan_are_each_named(
    place: stores.Stores,
) -> None:
    a_series()
    flipped, deleted, _ = Instance.objects.order_by("id")
    store = research()
    damage(place.file_of("research", store.name_of(flipped.sha256)))
    place.file_of("research", store.name_of(deleted.sha256)).unlink()
    orphan = store.put_bytes(b"nobody knows this")
    place.age(place.file_of("research", store.name_of(orphan)), hours=25)
    expected = {
        (
            "imaging.instance",
            str(flipped.pk),
            f"the bytes of its object {flipped.sha256} in the store “research” were changed",
        ),
        (
            "imaging.instance",
            str(deleted.pk),
            f"its object {deleted.sha256} is missing in the store “research”",
        ),
        ("store “research”", orphan, "no record names this object"),
    }
    _, faults = swept()
    assert {tuple(fault) for fault in faults} == expected
    printed = verified()
    assert "FAILED every stored object is whole and named" in printed
    for kind, row_id, what in expected:
        assert f"{kind} {row_id}: {what}" in printed
    assert "3 findings" in printed


def test_an_object_without_a_record_is_left_alone_for_a_day(place: stores.Stores) -> None:
    a_series()
    store = research()
    path = place.file_of("research", store.name_of(store.put_bytes(b"its row comes later")))
    place.age(path, hours=23)
    assert swept()[1] == []


def test_damaged_metadata_are_named_and_can_be_made_again(place: stores.Stores) -> None:
    row = a_series()
    document = SeriesDocument.objects.get(series=row)
    place.file_of("research", metadata_documents().name_of(document.sha256)).unlink()
    ((kind, row_id, what),) = swept()[1]
    assert (kind, row_id) == ("imaging.seriesdocument", str(document.pk))
    assert "is missing in the store “metadata”" in what
    call_command("index_images", "--again", stdout=io.StringIO())
    assert metadata_documents().is_whole(document.sha256)


def test_originals_are_unsealed_and_proved(place: stores.Stores) -> None:
    row = a_series()
    ReceivedFile.objects.all().delete()
    arrivals = ArrivalStore(row.submission_id)
    whole, flipped, lost = (arrivals.put(content) for content in (b"one", b"two", b"three"))
    for sha256 in (whole, flipped, lost):
        ReceivedFile.objects.create(
            study_id=row.study_id,
            submission_id=row.submission_id,
            sha256=sha256,
            size=5,
            outcome=ReceivedFile.Outcome.CLEANED,
        )
    damage(place.file_of("arrivals", arrivals.store.name_of(flipped)))
    place.file_of("arrivals", arrivals.store.name_of(lost)).unlink()
    found = {what for _, _, what in swept()[1]}
    assert found == {
        f"the bytes of its original {flipped} were changed",
        f"its original {lost} is missing",
    }


def test_the_night_asks_for_one_sweep_and_asking_twice_is_one(place: stores.Stores) -> None:
    assert ask_for_sweep() == ask_for_sweep()


def test_the_system_page_shows_the_last_sweep_and_asks_for_one(place: stores.Stores) -> None:
    from accounts.permissions import Role
    from audit.models import Job
    from studies.services import people
    from tests.world import BUILDER, make_user

    a_series()
    administrator = make_user("The Administrator")
    people.grant_role(administrator, Role.ADMINISTRATOR, study=None, actor=BUILDER)
    client = Client()
    client.force_login(administrator, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Not proven yet" in client.get("/admin/system/").content.decode()
    assert client.post("/admin/system/sweep/").status_code == 302
    (job,) = Job.objects.filter(kind="imaging.sweep")
    assert "Objects are being read" in client.get("/admin/system/").content.decode()
    lost = Instance.objects.order_by("id").first()
    assert lost is not None
    place.file_of("research", research().name_of(lost.sha256)).unlink()
    assert jobs.run(str(job.pk)) == "done"
    page = client.get("/admin/system/").content.decode()
    assert "Stored objects are missing, changed or without a record" in page
    assert f"its object {lost.sha256} is missing" in page
