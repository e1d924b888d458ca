"""A second source for machines: extracts read in and compared, differences asked about and settled.

By the same services and rights as on the pages.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Count, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from clinical.models import Discrepancy, Reconciliation
from clinical.services import reconciling, secondsource
from queries.models import Query
from studies.api import PREFIX, StudyViewSet

VIEW, MANAGE = "reconciliation.view", "reconciliation.manage"
#: dispositions that a person may choose; "gone" is the platform's
CHOSEN = tuple(one for one in Discrepancy.Disposition.values if one != "gone")


class ReconciliationSerializer(serializers.ModelSerializer[Reconciliation]):
    """An extract of a second source, what its columns mean, and what the comparison counted."""

    columns = serializers.SerializerMethodField()
    open_differences = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = Reconciliation
        fields = (
            "id",
            "number",
            "source",
            "extracted_on",
            "file_name",
            "sheet",
            "sha256",
            "columns",
            "mapping",
            "tally",
            "open_differences",
            "compared_at",
            "state",
        )
        read_only_fields = fields

    def get_columns(self, row: Reconciliation) -> list[str]:
        """Return the heads of the columns; ``mapping`` names them by their place, from 0."""
        return list(row.cells[0]) if row.cells else []


class ExtractSerializer(serializers.Serializer[Any]):
    """A CSV or XLSX file, of which source and day it is."""

    file = serializers.FileField()
    # A field of that name; the serializer's own ``source`` is not used here.
    source = serializers.CharField(max_length=80)  # type: ignore[assignment]
    extracted_on = serializers.DateField(required=False, allow_null=True, default=None)
    sheet = serializers.CharField(required=False, allow_blank=True, default="", max_length=80)


class MappingSerializer(serializers.Serializer[Any]):
    """What the columns mean: place of the column, from 0, to its meaning."""

    mapping = serializers.DictField(child=serializers.CharField(max_length=90))


class ReconciliationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Extracts of a second source, newest first."""

    model = Reconciliation
    serializer_class = ReconciliationSerializer
    parser_classes = (MultiPartParser, JSONParser)
    filterset_fields = ("state", "source")
    rights: ClassVar[dict[str, str]] = {
        "list": VIEW,
        "retrieve": VIEW,
        "create": MANAGE,
        "map_columns": MANAGE,
        "compare": MANAGE,
        "close": MANAGE,
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Return the extracts with how many of their differences are not settled."""
        waiting = Count("discrepancies", filter=~Q(discrepancies__state="settled"))
        rows = super().get_queryset().select_related("study")
        return rows.annotate(open_differences=waiting).order_by("-number")

    def _answer(self, row: Reconciliation, code: int = status.HTTP_200_OK) -> Response:
        fresh = self.get_queryset().get(pk=row.pk)
        return Response(self.get_serializer(fresh).data, status=code)

    @extend_schema(request=ExtractSerializer, responses={201: ReconciliationSerializer})
    def create(self, request: Request, study_code: str) -> Response:
        """Read an extract in as a draft; columns whose names say what they are have a meaning."""
        sent = ExtractSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        said = sent.validated_data
        made = secondsource.read_in(
            self.study,
            said["file"].read(),
            name=said["file"].name or "",
            source=said["source"],
            extracted_on=said["extracted_on"],
            sheet=said["sheet"],
            actor=self.actor,
        )
        return self._answer(made, status.HTTP_201_CREATED)

    @extend_schema(request=MappingSerializer, responses=ReconciliationSerializer)
    @action(detail=True, methods=["post"], url_path="map")
    def map_columns(self, request: Request, study_code: str, pk: str) -> Response:
        """Say what the columns mean."""
        sent = MappingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        row = self.get_object()
        secondsource.map_columns(row, sent.validated_data["mapping"], actor=self.actor)
        return self._answer(row)

    @extend_schema(request=None, responses=ReconciliationSerializer)
    @action(detail=True, methods=["post"])
    def compare(self, request: Request, study_code: str, pk: str) -> Response:
        """List the differences."""
        return self._answer(reconciling.compare(self.get_object(), actor=self.actor))

    @extend_schema(request=None, responses=ReconciliationSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, study_code: str, pk: str) -> Response:
        """Close a comparison of which every difference is disposed of."""
        return self._answer(reconciling.close(self.get_object(), actor=self.actor))


class DiscrepancySerializer(serializers.ModelSerializer[Discrepancy]):
    """One value that two sources hold differently, or that only one of them holds."""

    subject = serializers.CharField(source="subject.code", read_only=True, default=None)
    query_code = serializers.CharField(source="query.__str__", read_only=True, default=None)

    class Meta:
        model = Discrepancy
        fields = (
            "id",
            "reconciliation",
            "kind",
            "row_number",
            "subject",
            "time_point",
            "place",
            "item",
            "label",
            "ours",
            "theirs",
            "note",
            "state",
            "disposition",
            "reason",
            "query",
            "query_code",
            "settled_at",
        )
        read_only_fields = fields


class AskDiscrepancySerializer(serializers.Serializer[Any]):
    """What is asked about a difference, and of whom."""

    text = serializers.CharField(max_length=4000)
    addressee = serializers.ChoiceField(choices=Query.Addressee.values)


class SettleSerializer(serializers.Serializer[Any]):
    """Which value holds, and why."""

    disposition = serializers.ChoiceField(choices=CHOSEN)
    reason = serializers.CharField(max_length=300)


class DiscrepancyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Differences from second sources."""

    model = Discrepancy
    serializer_class = DiscrepancySerializer
    filterset_fields = ("reconciliation", "state", "kind", "item", "time_point")
    rights: ClassVar[dict[str, str]] = {
        "list": VIEW,
        "retrieve": VIEW,
        "ask": MANAGE,
        "settle": MANAGE,
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Return the differences, those of the newest extract first."""
        rows = super().get_queryset().select_related(
            "reconciliation__study", "subject__study_site", "time_point__definition", "query"
        )  # fmt: skip
        return rows.order_by("-reconciliation__number", "place", "item", "pk")

    def _answer(self) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=AskDiscrepancySerializer, responses=DiscrepancySerializer)
    @action(detail=True, methods=["post"])
    def ask(self, request: Request, study_code: str, pk: str) -> Response:
        """Ask the site or the data partner about a difference."""
        sent = AskDiscrepancySerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        reconciling.ask(self.get_object(), actor=self.actor, **sent.validated_data)
        return self._answer()

    @extend_schema(request=SettleSerializer, responses=DiscrepancySerializer)
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, study_code: str, pk: str) -> Response:
        """Dispose of a difference."""
        sent = SettleSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        reconciling.settle([self.get_object()], actor=self.actor, **sent.validated_data)
        return self._answer()


def register(router: BaseRouter) -> None:
    """Put second sources on the interface."""
    router.register(rf"{PREFIX}/reconciliations", ReconciliationViewSet, basename="reconciliation")
    router.register(rf"{PREFIX}/discrepancies", DiscrepancyViewSet, basename="discrepancy")
