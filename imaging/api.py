"""The door for machines: submissions, series, findings, and the upload, on the same services."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from imaging.models import Finding, Series, Submission
from imaging.services import manifest
from imaging.services import submission as submissions
from studies.access import fetch
from studies.api import PREFIX, StudyViewSet
from studies.models import TimePoint


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    """A submission with its receipt; no identity, no file names."""

    receipt = serializers.CharField(source="__str__", read_only=True)
    study = serializers.CharField(source="study.code", read_only=True)
    subject = serializers.CharField(source="subject.code", read_only=True)
    site = serializers.CharField(source="study_site.number", read_only=True)

    class Meta:
        model = Submission
        fields = (
            "id",
            "receipt",
            "study",
            "subject",
            "site",
            "time_point",
            "state",
            "file_count",
            "byte_count",
            "manifest_digest",
            "received_at",
            "qc_due_at",
            "hold_reason",
            "corrects",
        )
        read_only_fields = fields


class SeriesSerializer(serializers.ModelSerializer[Series]):
    """A clean series under its new identifiers."""

    study = serializers.CharField(source="study.code", read_only=True)

    class Meta:
        model = Series
        fields = (
            "id",
            "study",
            "submission",
            "uid",
            "modality",
            "description",
            "number",
            "body_part",
            "instance_count",
            "facts",
            "superseded_by",
        )
        read_only_fields = fields


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """A finding of the automatic checks."""

    class Meta:
        model = Finding
        fields = (
            "id",
            "submission",
            "series",
            "code",
            "level",
            "title",
            "measured",
            "expected",
            "what_it_means",
            "what_to_do",
            "positions",
            "state",
            "explanation",
            "query",
        )
        read_only_fields = fields


class ManifestEntry(serializers.Serializer[Any]):
    """One file of a manifest."""

    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$")
    size = serializers.IntegerField(min_value=0)


class Manifest(serializers.Serializer[Any]):
    """The files of an upload."""

    files = ManifestEntry(many=True)


class Missing(serializers.Serializer[Any]):
    """What has not arrived yet."""

    missing = serializers.ListField(child=serializers.CharField())


class Start(serializers.Serializer[Any]):
    """Which visit is sent."""

    time_point = serializers.UUIDField()


class SubmissionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Submissions: list, look at, start, announce files, send them, finish."""

    model = Submission
    serializer_class = SubmissionSerializer
    filterset_fields = ("state", "time_point")
    rights: ClassVar[dict[str, str]] = {
        "list": "submission.view",
        "retrieve": "submission.view",
        "create": "submission.upload",
        "manifest": "submission.upload",
        "put_file": "submission.upload",
        "finish": "submission.upload",
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        return rows.select_related("study", "subject", "study_site", "time_point")

    @extend_schema(request=Start, responses=SubmissionSerializer)
    def create(self, request: Request, study_code: str) -> Response:
        """Open the draft of a visit, or return the open one."""
        wanted = Start(data=request.data)
        wanted.is_valid(raise_exception=True)
        time_point = fetch(TimePoint, self.actor, wanted.validated_data["time_point"])
        row = submissions.start(time_point, actor=self.actor)
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=Manifest, responses=Missing)
    @action(detail=True, methods=["post"])
    def manifest(self, request: Request, study_code: str, pk: str) -> Response:
        """Announce files; answers which are missing, so that an upload can go on."""
        wanted = Manifest(data=request.data)
        wanted.is_valid(raise_exception=True)
        entries = [(item["sha256"], item["size"]) for item in wanted.validated_data["files"]]
        return Response(
            {"missing": manifest.announce(self.get_object(), entries, actor=self.actor)}
        )

    @extend_schema(request=OpenApiTypes.BINARY, responses={204: None})
    @action(
        detail=True,
        methods=["put"],
        url_path="files/(?P<sha256>[0-9a-f]{64})",
    )
    def put_file(self, request: Request, study_code: str, pk: str, sha256: str) -> Response:
        """Send the bytes of one announced file; they are checked while they stream in."""
        stream = request._request
        manifest.store_file(
            self.get_object(),
            sha256,
            iter(lambda: stream.read(manifest.CHUNK), b""),
            actor=self.actor,
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=SubmissionSerializer)
    @action(detail=True, methods=["post"], parser_classes=[JSONParser])
    def finish(self, request: Request, study_code: str, pk: str) -> Response:
        """Say that every file was sent; the checks begin. A person signs and sends in the pages."""
        row = manifest.finish(self.get_object(), actor=self.actor)
        return Response(self.get_serializer(row).data)


class SeriesViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Clean series."""

    model = Series
    serializer_class = SeriesSerializer
    filterset_fields = ("submission", "modality")
    rights: ClassVar[dict[str, str]] = {"list": "submission.view", "retrieve": "submission.view"}

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("study")


class FindingViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Findings of the automatic checks."""

    model = Finding
    serializer_class = FindingSerializer
    filterset_fields = ("submission", "code", "level", "state")
    rights: ClassVar[dict[str, str]] = {"list": "submission.view", "retrieve": "submission.view"}


def register(router: BaseRouter) -> None:
    """Put the resources of imaging on the interface."""
    router.register(rf"{PREFIX}/submissions", SubmissionViewSet, basename="submission")
    router.register(rf"{PREFIX}/series", SeriesViewSet, basename="series")
    router.register(rf"{PREFIX}/findings", FindingViewSet, basename="finding")
