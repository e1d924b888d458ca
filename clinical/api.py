"""Dossiers for machines: dossiers with their items, queries about them, files read in.

Values are entered, files imported and queries raised by the same services as on the pages; nothing
is signed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from audit.errors import Conflict
from clinical import second_source_api
from clinical.definition import Entered
from clinical.definition.document import SOURCES
from clinical.definition.sheet import Line
from clinical.models import Dossier, DossierImport, DossierImportRun, DossierItem
from clinical.services import asked, asking, dossiers, entering, importing, imports, standing
from queries.models import Query
from studies.api import PREFIX, StudyViewSet

MOST_ROWS = 100


class DossierItemSerializer(serializers.ModelSerializer[DossierItem]):
    """What a dossier says to one item of its definition."""

    class Meta:
        model = DossierItem
        fields = (
            "code",
            "value",
            "rows",
            "unit",
            "observed_on",
            "source",
            "missing_reason",
        )
        read_only_fields = fields


class DossierSerializer(serializers.ModelSerializer[Dossier]):
    """A version of the dossier of a time point."""

    subject = serializers.CharField(source="subject.code", read_only=True)
    visit = serializers.CharField(source="time_point.label", read_only=True)
    definition_version = serializers.IntegerField(source="definition.version", read_only=True)
    items = DossierItemSerializer(many=True, read_only=True)
    missing = serializers.SerializerMethodField()

    class Meta:
        model = Dossier
        fields = (
            "id",
            "subject",
            "time_point",
            "visit",
            "version",
            "reason",
            "definition_version",
            "state",
            "requested_at",
            "due_at",
            "received_at",
            "approved_at",
            "applied_at",
            "sent_back_reason",
            "items",
            "missing",
        )
        read_only_fields = fields

    def get_missing(self, row: Dossier) -> list[str]:
        """Return the labels of required items that are waited for."""
        return standing.missing_of(row) if row.state == "requested" else []


class EnteredSerializer(serializers.Serializer[Any]):
    """One item as it is entered; a table has ``rows``, everything else ``value``."""

    code = serializers.CharField(max_length=40)
    value = serializers.CharField(required=False, allow_blank=True, default="", max_length=4000)
    unit = serializers.CharField(required=False, allow_blank=True, default="", max_length=20)
    observed_on = serializers.CharField(required=False, allow_blank=True, default="", max_length=20)
    rows = serializers.ListField(
        child=serializers.DictField(child=serializers.CharField(allow_blank=True)),
        required=False,
        default=list,
        max_length=MOST_ROWS,
    )
    missing_reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=200
    )
    delivered_by = serializers.ChoiceField(choices=list(SOURCES), required=False)


class DossierQuerySerializer(serializers.ModelSerializer[Query]):
    """A query about the dossier of a time point, whatever its version; the thread is the query's.

    ``items`` are the items that it asks about; without any it is about the dossier as a whole.
    """

    code = serializers.CharField(source="__str__", read_only=True)
    holds_up = serializers.BooleanField(source="blocks_target", read_only=True)
    items = serializers.SerializerMethodField()

    class Meta:
        model = Query
        fields = (
            "id",
            "code",
            "title",
            "text",
            "state",
            "addressee",
            "items",
            "holds_up",
            "opened_at",
            "due_at",
            "answered_at",
            "closed_at",
        )
        read_only_fields = fields

    def get_items(self, row: Query) -> list[str]:
        """Return the codes of the items that are asked about."""
        return sorted({one.finding_code for one in row.actions.all()} - {""})


class QuestionSerializer(serializers.Serializer[Any]):
    """A question about items of a dossier, or about it as a whole, and whom it is put to."""

    title = serializers.CharField(max_length=200)
    text = serializers.CharField(max_length=4000)
    items = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, default=list
    )
    addressee = serializers.ChoiceField(
        choices=Query.Addressee.values, default=Query.Addressee.PARTNER.value
    )
    correct = serializers.BooleanField(
        default=True, help_text="the values are to be entered again; else words are enough"
    )
    holds_up = serializers.BooleanField(
        default=True, help_text="nothing is reconciled, approved or applied before it is over"
    )
    send_back = serializers.BooleanField(
        default=False, help_text="a received dossier goes back with it, so that it can be corrected"
    )


class DossierViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Dossiers, every version."""

    model = Dossier
    serializer_class = DossierSerializer
    filterset_fields = ("state", "time_point", "version")
    rights: ClassVar[dict[str, str]] = {
        "list": "dossier.view",
        "retrieve": "dossier.view",
        "add_item": "dossier.enter",
        "receive": "dossier.enter",
        "queries": "dossier.view",
        "ask": "query.raise",
    }

    def get_queryset(self) -> QuerySet[Any]:
        return (
            super()
            .get_queryset()
            .select_related("study", "subject", "time_point__definition", "definition")
            .prefetch_related("items")
            .order_by("subject__code", "time_point__planned_date", "-version")
        )

    @extend_schema(request=EnteredSerializer, responses=DossierItemSerializer)
    @action(detail=True, methods=["post"], url_path="items")
    def add_item(self, request: Request, study_code: str, pk: str) -> Response:
        """Enter one item of a dossier that is asked for."""
        sent = EnteredSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        said = sent.validated_data
        made = entering.enter(
            self.get_object(),
            said["code"],
            Entered(
                value=said["value"],
                unit=said["unit"],
                on=said["observed_on"],
                rows=said["rows"],
                missing_reason=said["missing_reason"],
            ),
            actor=self.actor,
            kept=entering.Kept(source=said.get("delivered_by", "")),
        )
        return Response(DossierItemSerializer(made).data)

    @extend_schema(request=None, responses=DossierSerializer)
    @action(detail=True, methods=["post"])
    def receive(self, request: Request, study_code: str, pk: str) -> Response:
        """Declare that everything required came."""
        dossiers.receive(self.get_object(), actor=self.actor)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses=DossierQuerySerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filterset_fields=())
    def queries(self, request: Request, study_code: str, pk: str) -> Response:
        """List every query about the dossier of this time point, newest first."""
        rows = asked.about(self.get_object())
        return Response(DossierQuerySerializer(rows, many=True).data)

    @extend_schema(request=QuestionSerializer, responses={201: DossierQuerySerializer})
    @queries.mapping.post
    def ask(self, request: Request, study_code: str, pk: str) -> Response:
        """Raise a query about items of the dossier, or about it as a whole."""
        sent = QuestionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        said = sent.validated_data
        codes = said.pop("items")
        question = asking.Question(codes=tuple(codes), **said)
        made = asking.ask(self.get_object(), question, actor=self.actor)
        return Response(DossierQuerySerializer(made).data, status=status.HTTP_201_CREATED)


class RowSerializer(serializers.Serializer[Any]):
    """What becomes of one row of a file: ``problem``, or one of new, changed, same."""

    number = serializers.IntegerField()
    subject = serializers.CharField()
    time_point = serializers.CharField()
    item = serializers.CharField()
    problem = serializers.CharField()
    outcome = serializers.CharField()


class DossierImportRunSerializer(serializers.ModelSerializer[DossierImportRun]):
    """What an import in the background wrote, and the rows that it left out."""

    left_out = serializers.SerializerMethodField()

    class Meta:
        model = DossierImportRun
        fields = ("at", "changes", "dossiers", "received", "problems", "left_out")
        read_only_fields = fields

    @extend_schema_field(RowSerializer(many=True))
    def get_left_out(self, run: DossierImportRun) -> Any:
        """Return the rows that were left out, each with the reason."""
        return RowSerializer(importing.lines_of(run), many=True).data


class DossierImportSerializer(serializers.ModelSerializer[DossierImport]):
    """A file that was read in; ``state`` is ``importing`` while the background works."""

    rows = serializers.IntegerField(read_only=True)
    last_import = serializers.SerializerMethodField()

    class Meta:
        model = DossierImport
        fields = (
            "id",
            "file_name",
            "sha256",
            "sheet",
            "rows",
            "reason",
            "state",
            "imported_at",
            "last_import",
        )
        read_only_fields = fields

    @extend_schema_field(DossierImportRunSerializer(allow_null=True))
    def get_last_import(self, row: DossierImport) -> Any:
        """Return what the newest import in the background did, if there was one."""
        run = importing.last_import(row)
        return DossierImportRunSerializer(run).data if run is not None else None


class ReadInSerializer(serializers.Serializer[Any]):
    """A CSV or XLSX file, and what it brings."""

    file = serializers.FileField()
    reason = serializers.CharField(max_length=200)
    sheet = serializers.CharField(required=False, allow_blank=True, default="", max_length=80)


class DossierImportViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Files of the clinical CRO: read in, dry run, imported as a whole."""

    model = DossierImport
    serializer_class = DossierImportSerializer
    parser_classes = (MultiPartParser, JSONParser)
    filterset_fields = ("state",)
    rights: ClassVar[dict[str, str]] = {
        "list": "dossier.view",
        "retrieve": "dossier.view",
        "create": "dossier.enter",
        "dry_run": "dossier.view",
        "take_over": "dossier.enter",
    }

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("study")

    @extend_schema(request=ReadInSerializer, responses=DossierImportSerializer)
    def create(self, request: Request, study_code: str) -> Response:
        """Read a file in as a draft; nothing of it is imported."""
        sent = ReadInSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        said = sent.validated_data
        made = importing.read_in(
            self.study,
            said["file"].read(),
            name=said["file"].name or "",
            reason=said["reason"],
            sheet=said["sheet"],
            actor=self.actor,
        )
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=RowSerializer(many=True))
    @action(detail=True, methods=["get"], url_path="dry-run", pagination_class=None,
            filterset_fields=())  # fmt: skip
    def dry_run(self, request: Request, study_code: str, pk: str) -> Response:
        """Say what would become of each row; nothing is written.

        A large file is judged in the background: 409 until that is done.
        """
        row = self.get_object()
        return Response(RowSerializer(_lines(row) if row.state == "draft" else (), many=True).data)

    @extend_schema(request=None, responses=DossierImportSerializer)
    @action(detail=True, methods=["post"], url_path="take-over")
    def take_over(self, request: Request, study_code: str, pk: str) -> Response:
        """Import every row, or nothing. A large file is imported in the background (202)."""
        done = importing.take_over(self.get_object(), actor=self.actor)
        code = status.HTTP_200_OK if done else status.HTTP_202_ACCEPTED
        return Response(self.get_serializer(self.get_object()).data, status=code)


def _lines(row: DossierImport) -> Sequence[Line]:
    if not importing.is_large(row):
        return imports.try_out(row).lines
    run = importing.last_dry_run(row)
    if run is None or importing.is_at_work(row):
        raise Conflict("The dry run of this file is not finished yet.", rule="CLI-007")
    return importing.lines_of(run)


def register(router: BaseRouter) -> None:
    """Put dossiers on the interface."""
    router.register(rf"{PREFIX}/dossiers", DossierViewSet, basename="dossier")
    router.register(rf"{PREFIX}/dossier-imports", DossierImportViewSet, basename="dossier-import")
    second_source_api.register(router)
