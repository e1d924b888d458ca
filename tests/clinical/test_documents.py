"""The document of an item: never shown before a person redacted and released it."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image

from accounts.signatures import content_digest
from audit import jobs
from audit.actors import acting
from audit.errors import Conflict, RuleBroken
from audit.models import Job
from clinical.definition import Entered
from clinical.models import Dossier, DossierDocument
from clinical.services import contents, documents, dossiers, entering
from imaging.pipeline.redaction import OpenedPaper, Page, flat_pdf
from imaging.services import papers
from imaging.storage import ArrivalStore, research
from studies.scoping import scope
from tests.clinical.clinical_world import THERAPY, define, requested
from tests.world import BUILDER, PASSWORD, StudyWorld, logged_in, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    world = make_study("ALPHA", sponsor="Norvane")
    with scope(world.study):
        define(world)
        yield world


def page() -> bytes:
    out = BytesIO()
    Image.new("RGB", (120, 160), "white").save(out, "PNG")
    return out.getvalue()


def sent(world: StudyWorld, row: Dossier) -> DossierDocument:
    return documents.add(
        row,
        "pathology",
        "report.pdf",
        [flat_pdf([page()], [[]])],
        actor=world.actor("clinical_data_partner"),
    )


def opened(row: DossierDocument) -> DossierDocument:
    """Open a document without the reader of letters; one test below opens one in the worker."""
    made = OpenedPaper(pages=[Page(page(), 120, 160, ())])
    with acting(BUILDER):
        papers._write(row, made, ArrivalStore(row.store_id))
    return row


def test_a_document_is_held_until_a_person_released_a_redacted_copy(world: StudyWorld) -> None:
    row = requested(world)
    partner, operations = world.actor("clinical_data_partner"), world.actor("image_operations")
    entering.enter(row, "psa", Entered(value="4", unit="ng/mL"), actor=partner)
    entering.enter(row, "prior_therapy", Entered(rows=THERAPY), actor=partner)
    paper = sent(world, row)
    assert paper.state == "held"
    dossiers.receive(row, actor=partner)
    assert contents.blinded(row).documents == ()
    with pytest.raises(RuleBroken, match="Dossier document 1 is held"):
        dossiers.reconcile(row, actor=world.actor("data_manager"))
    opened(paper)
    mask = {"left": 10, "top": 20, "right": 60, "bottom": 40, "frame": 0}
    papers.redact(paper, [mask], reason="name", actor=operations)
    documents.release(
        paper, actor=operations, assent=world.assent("image_operations", "dossier_document_release")
    )
    dossiers.reconcile(row, actor=world.actor("data_manager"))
    (shown,) = contents.blinded(row).documents
    (picture,) = shown.pages
    assert (shown.label, picture.width, picture.height) == ("Pathology report", 120, 160)
    content = contents.page(row, picture.sha256)
    assert content is not None
    with Image.open(BytesIO(content)) as drawn:
        assert drawn.convert("L").crop((12, 22, 58, 38)).getextrema()[1] < 40
        assert drawn.convert("L").crop((70, 60, 110, 150)).getextrema()[0] > 200
    assert contents.page(row, paper.pages[0]["sha256"]) is None  # the page as it came
    assert {claim.sha256 for claim in documents.claims() if not claim.gone} == {
        paper.released_sha256, picture.sha256,
    }  # fmt: skip
    assert research().exists(paper.released_sha256)


def test_a_document_that_was_taken_back_vanishes_from_what_readers_see(world: StudyWorld) -> None:
    row = requested(world)
    operations = world.actor("image_operations")
    paper = opened(sent(world, row))
    papers.redact(paper, [], reason="", actor=operations)
    assent = world.assent("image_operations", "dossier_document_release")
    documents.release(paper, actor=operations, assent=assent)
    (shown,) = contents.blinded(row).documents
    papers.take_back(paper, reason="a name was overlooked", actor=operations)
    assert contents.blinded(row).documents == ()
    assert contents.page(row, shown.pages[0].sha256) is None


def test_a_document_that_is_opened_twice_is_as_opened_once(world: StudyWorld) -> None:
    paper = sent(world, requested(world))
    job = Job.objects.get(kind="clinical.open_document")
    assert jobs.run(str(job.pk)) == "done"
    first = DossierDocument.objects.get(pk=paper.pk)
    assert len(first.pages) == 1
    Job.objects.filter(pk=job.pk).update(state="pending", attempts=0, finished_at=None)
    assert jobs.run(str(job.pk)) == "done"
    assert DossierDocument.objects.get(pk=paper.pk).opened_at == first.opened_at
    assert not (Path(settings.DATA_DIR) / "work" / paper.pk.hex).exists()


def test_known_words_are_looked_for_but_words_of_the_field_are_not(world: StudyWorld) -> None:
    tokens = documents.tokens_of(requested(world).time_point)
    assert {"norvane", "lisbon"} <= tokens.people
    assert "hospital" not in tokens.people
    assert "hospitalofalphalisbon" in tokens.phrases


def test_a_document_can_be_taken_out_only_while_the_dossier_is_asked_for(
    world: StudyWorld,
) -> None:
    row, partner = requested(world), world.actor("clinical_data_partner")
    first = sent(world, row)
    documents.remove(first, actor=partner)
    assert row.items.get(code="pathology").document is None
    second = sent(world, row)
    assert second.number == 2
    for code, entered in (("psa", Entered(value="4", unit="ng/mL")),
                          ("prior_therapy", Entered(rows=THERAPY))):  # fmt: skip
        entering.enter(row, code, entered, actor=partner)
    dossiers.receive(row, actor=partner)
    with pytest.raises(Conflict, match="was received already"):
        documents.remove(second, actor=partner)
    with pytest.raises(RuleBroken, match="takes no document"):
        documents.add(row, "psa", "x.pdf", [b"%PDF-1.4"], actor=partner)


def test_image_operations_redacts_and_releases_on_its_screen(world: StudyWorld) -> None:
    row = requested(world)
    paper = opened(sent(world, row))
    base = f"/s/ALPHA/dossiers/documents/{paper.pk}/"
    client = logged_in(world, "image_operations")
    shown = client.get(base).content.decode()
    assert "Make redacted copy" in shown
    picture = client.get(f"{base}pages/{paper.pages[0]['sha256']}/")
    assert (picture.status_code, picture["Cache-Control"]) == (200, "no-store")
    client.post(f"{base}redact/", {"masks": "[]", "reason": "nothing to hide"})
    paper.refresh_from_db()
    signed = {"digest": content_digest(paper), "password": PASSWORD}
    client.post(f"{base}release/", signed)
    paper.refresh_from_db()
    assert (paper.state, len(paper.released_pages)) == ("released", 1)
    copy = logged_in(world, "scientific").get(f"{base}copy.pdf")
    assert copy.content.startswith(b"%PDF-")
    assert logged_in(world, "clinical_data_partner").get(base).status_code == 403
