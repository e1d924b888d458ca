"""Data cuts for machines: list, look, files, download."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from audit.errors import NotPermitted
from exports import delivery, services
from exports.models import CutFile, DataCut
from studies.api import PREFIX, StudyViewSet


class CutSerializer(serializers.ModelSerializer[DataCut]):
    """A data cut; digests are there once its files are."""

    specification = serializers.CharField(source="specification.__str__", read_only=True)
    open_item_count = serializers.SerializerMethodField()

    class Meta:
        model = DataCut
        fields = (
            "id",
            "number",
            "title",
            "state",
            "cut_off",
            "planned_for",
            "frozen_at",
            "item_count",
            "open_item_count",
            "manifest_digest",
            "chain_head",
            "specification",
        )
        read_only_fields = fields

    def get_open_item_count(self, cut: DataCut) -> int:
        """How many open items the freeze accepted."""
        return len(cut.open_items)


class CutFileSerializer(serializers.ModelSerializer[CutFile]):
    """A file of a cut."""

    class Meta:
        model = CutFile
        fields = ("name", "size", "row_count", "sha256")
        read_only_fields = fields


class CutViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Data cuts of a study, the newest first."""

    model = DataCut
    serializer_class = CutSerializer
    rights: ClassVar[dict[str, str]] = {
        "list": "cut.view",
        "retrieve": "cut.view",
        "files": "cut.view",
        "download": "cut.download",
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Return the cuts that the asker may see."""
        return super().get_queryset().select_related("specification", "study")

    @extend_schema(responses=CutFileSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def files(self, request: Request, **_: Any) -> Response:
        """List the files; recipients see them once the cut is released."""
        cut = self.get_object()
        if not services.may_see_files(cut, self.actor):
            raise NotPermitted("This cut has not been released yet.", rule="CUT-004")
        return Response(CutFileSerializer(cut.files.all(), many=True).data)

    @extend_schema(
        parameters=[OpenApiParameter("name", str, OpenApiParameter.PATH)],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    @action(detail=True, methods=["get"], url_path=r"files/(?P<name>[^/]+)")
    def download(self, request: Request, name: str, **_: Any) -> Any:
        """Send a file; who took it is kept."""
        return delivery.respond(delivery.file_of(self.get_object(), name), actor=self.actor)


def register(router: BaseRouter) -> None:
    """Add this app's resources."""
    router.register(f"{PREFIX}/cuts", CutViewSet, basename="cut")
