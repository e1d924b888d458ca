"""Dossiers for machines: the definition that holds, dossiers with their items, files read in.

Values are entered and files imported by the same services as on the pages; nothing is signed here.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from clinical.definition import Entered
from clinical.definition.document import SOURCES
from clinical.models import Dossier, DossierImport, DossierItem
from clinical.services import dossiers, entering, imports, standing
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


class DossierImportSerializer(serializers.ModelSerializer[DossierImport]):
    """A file that was read in."""

    class Meta:
        model = DossierImport
        fields = ("id", "file_name", "sha256", "sheet", "reason", "state", "imported_at")
        read_only_fields = fields


class RowSerializer(serializers.Serializer[Any]):
    """What becomes of one row of a file: ``problem``, or one of new, changed, same."""

    number = serializers.IntegerField()
    subject = serializers.CharField()
    time_point = serializers.CharField()
    item = serializers.CharField()
    problem = serializers.CharField()
    outcome = serializers.CharField()


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
        made = imports.read_in(
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
        """Say what would become of each row; nothing is written."""
        row = self.get_object()
        lines = imports.try_out(row).lines if row.state == "draft" else ()
        return Response(RowSerializer(lines, many=True).data)

    @extend_schema(request=None, responses=DossierImportSerializer)
    @action(detail=True, methods=["post"], url_path="take-over")
    def take_over(self, request: Request, study_code: str, pk: str) -> Response:
        """Import every row, or nothing."""
        row = self.get_object()
        imports.take_over(row, actor=self.actor)
        return Response(self.get_serializer(self.get_object()).data)


def register(router: BaseRouter) -> None:
    """Put dossiers on the interface."""
    router.register(rf"{PREFIX}/dossiers", DossierViewSet, basename="dossier")
    router.register(rf"{PREFIX}/dossier-imports", DossierImportViewSet, basename="dossier-import")
