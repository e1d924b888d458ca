"""Dossiers in a data cut: versions, values, openings and differences; an old cut never changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.actors import acting
from clinical.models import Discrepancy
from clinical.services import reconciling, secondsource
from exports import services
from exports.datasets import BUILDERS
from exports.models import CutItem
from exports.snapshot import FrozenStudy, Snapshot
from reads.services import dossiers as reads
from studies.models import Configuration, Study
from studies.scoping import scope
from tests.exports.cut_world import content, generated, manager, rows
from tests.reads.dossier_world import apply_dossier, make_dossier_study
from tests.reads.read_world import READERS, baseline_answers, fill, reader, run_jobs, sign, task_of
from tests.reads.session_world import begin, images_of
from tests.remembering import remembered
from tests.world import BUILDER, StudyWorld, _configure

pytestmark = pytest.mark.django_db
ONE, TWO = READERS
DOSSIERS = ["dossier_items", "dossier_openings", "dossiers", "reconciliation"]
USUBJID = "P-ALPHA-101-001"
#: which reader gets which role is drawn
EVALUATORS = {"reader_1": "RADIOLOGIST 1", "reader_2": "RADIOLOGIST 2"}
DATASETS = Path(__file__).resolve().parents[2] / "docs" / "datasets.md"


@remembered
def read_once() -> StudyWorld:
    """A baseline read with its dossier: opened by both readers, signed by the first alone."""
    world = make_dossier_study()
    with scope(world.study):
        apply_dossier(world, 1)
        images_of(world, 1)
        for name in READERS:
            task = task_of(world, name)
            session = begin(world, name, task)
            reads.open_in_read(task, 1, actor=reader(world, name))
            if name == ONE:
                fill(world, name, session, baseline_answers("40.0", "20.0"))
                sign(world, name, session)
        run_jobs()
    return world


def make_study(datasets: list[str]) -> StudyWorld:
    """Return that study with a transfer specification."""
    world = read_once()
    with scope(world.study):
        document = {"datasets": datasets}
        _configure(world, Configuration.Kind.TRANSFER, "transfer", "Transfer", document)
    return world


def differing(world: StudyWorld) -> Discrepancy:
    """Let an extract of the EDC say another marker than the dossier."""
    sheet = f"Subject,Visit,Tumour marker\n{world.subjects[0].code},Baseline,42\n".encode()
    row = secondsource.read_in(
        world.study, sheet, name="edc.csv", source="EDC", extracted_on=None, actor=manager(world)
    )
    reconciling.compare(row, actor=manager(world))
    return Discrepancy.objects.get()


def test_what_was_reconciled_opened_and_compared_is_in_the_cut() -> None:
    world = make_study(DOSSIERS)
    with scope(world.study):
        row = differing(world)
        reconciling.settle([row], disposition="ours", reason="chart", actor=manager(world))
        cut = generated(world)
        (version,) = rows(cut, "dossiers.csv")
        assert (version["USUBJID"], version["VISIT"], version["DOSSVER"], version["STATUS"]) == (
            USUBJID, "Baseline", "1", "APPLIED",
        )  # fmt: skip
        assert all(version[name] for name in ("RECONCILED", "APPROVED", "APPLIED"))
        assert [
            (one["ITEM"], one["ITEMLBL"], one["VALUE"], one["UNIT"], one["SOURCE"])
            for one in rows(cut, "dossier_items.csv")
        ] == [
            ("PSA", "Tumour marker", "4.2", "ug/L", "CRO"),
            ("THERAPY", "Prior radiotherapy", "Chest, 50 Gy", "", "CRO"),
        ]
        # The second reader has not signed: that read is not in the cut, nor is its opening.
        (look,) = rows(cut, "dossier_openings.csv")
        assert (look["EVALID"], look["PURPOSE"], look["READKIND"], look["DOSSVER"]) == (
            EVALUATORS[task_of(world, ONE).stream.role], "EFFICACY", "TIME_POINT", "1",
        )  # fmt: skip
        assert (look["VISIT"], look["READVISIT"], look["AFTERSIG"]) == ("Baseline", "Baseline", "N")
        (one,) = rows(cut, "reconciliation.csv")
        assert (one["SOURCE"], one["KIND"], one["OURS"], one["THEIRS"], one["DISPOSITION"]) == (
            "EDC", "DIFFERS", "4.2 ug/L", "42 ug/L", "OURS",
        )  # fmt: skip


def test_no_reader_is_named_in_the_openings() -> None:
    world = make_study(["dossier_openings"])
    with scope(world.study):
        text = content(generated(world), "dossier_openings.csv").decode()
    for name in READERS:
        assert world.users[name].printed_name not in text


def test_a_cut_that_was_made_stays_byte_for_byte_when_dossiers_go_on() -> None:
    world = make_study(DOSSIERS)
    with scope(world.study):
        differing(world)
        cut = generated(world)
        before = {file.name: file.sha256 for file in cut.files.all()}
        row = Discrepancy.objects.get()
        reconciling.settle([row], disposition="theirs", reason="chart", actor=manager(world))
        apply_dossier(world, 1, "Chest, 60 Gy", "42")
        assert services.differences(cut) == []
        assert {file.name: file.sha256 for file in cut.files.all()} == before
        later = generated(world, "Safety cut 2")
        assert [(one["DOSSVER"], one["STATUS"]) for one in rows(later, "dossiers.csv")] == [
            ("1", "SUPERSEDED"), ("2", "APPLIED"),
        ]  # fmt: skip
        assert rows(later, "reconciliation.csv")[0]["DISPOSITION"] == "THEIRS"


def test_a_cut_whose_specification_asks_for_no_dossier_holds_none_of_their_records() -> None:
    world = make_study(["subjects"])
    with scope(world.study):
        cut = generated(world)
        kinds = set(CutItem.objects.filter(cut=cut).values_list("record_kind", flat=True))
    assert not {kind for kind in kinds if kind.startswith("clinical.")}
    assert "reads.dossieropening" not in kinds


def test_a_dossier_that_was_not_reconciled_is_in_no_cut() -> None:
    world = make_study(["dossiers", "dossier_items"])
    with scope(world.study), acting(BUILDER):
        from clinical.services import dossiers

        point = world.time_points(world.subjects[0])[0]
        dossiers.request(point, actor=world.actor("project_manager"), reason="a newer value")
        cut = generated(world)
        assert [one["DOSSVER"] for one in rows(cut, "dossiers.csv")] == ["1"]


def test_every_column_of_every_dataset_is_in_the_dictionary() -> None:
    empty = Snapshot(FrozenStudy("ALPHA", "P-ALPHA"), {Study._meta.label_lower: {}})
    said = DATASETS.read_text(encoding="utf-8")
    for name, build in BUILDERS.items():
        dataset = build(empty)
        heading = f"## `{dataset.name}.csv`"
        assert heading in said, name
        section = said.partition(heading)[2].partition("\n## ")[0]
        listed = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]
        assert listed == list(dataset.columns), name
