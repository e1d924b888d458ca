"""The door for machines: submissions, series, findings, and the upload, on the same services."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from audit.errors import RuleBroken
from imaging.dicomweb.persons import by_key
from imaging.doors.api import ArrivalViewSet
from imaging.models import (
    Finding,
    PackageSeries,
    QcReview,
    ReadPackage,
    Series,
    SiteException,
    Submission,
)
from imaging.services import batches, manifest, proof, second_level
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
            "parameter",
            "level",
            "title",
            "measured",
            "expected",
            "source",
            "suppressed_by",
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
        "put_files": "submission.upload",
        "finish": "submission.upload",
        "proof_document": "submission.view",
    }

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Ask once who sends a file: an upload with a key brings thousands of them."""
        known = (
            by_key(request._request, kwargs["study_code"])
            if self.action in ("put_file", "put_files")
            else None
        )
        if known is None:
            super().initial(request, *args, **kwargs)
            return
        self.study = known.study
        self.enter(known.actor)

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
        chunks = iter(lambda: stream.read(manifest.CHUNK), b"")
        mine = Submission.objects.visible_to(self.actor)
        if not manifest.take_file(mine, pk, sha256, chunks, actor=self.actor):
            manifest.store_file(self.get_object(), sha256, chunks, actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT, headers={"Cache-Control": "no-store"})

    @extend_schema(request=OpenApiTypes.BINARY, responses={204: None})
    @action(detail=True, methods=["post"], url_path="files")
    def put_files(self, request: Request, study_code: str, pk: str) -> Response:
        """Send many announced files in one message, which are durable when this answers.

        The first line of the body names the files by SHA-256, separated by spaces; then their bytes
        follow, one file after the other.
        """
        stream = request._request
        try:
            digests = batches.named_in(stream.readline(batches.LONGEST_LINE + 2))
        except RuleBroken:
            self.get_object()  # what is not theirs is not found, however the message looks
            raise
        mine = Submission.objects.visible_to(self.actor)
        if not batches.take_files(mine, pk, digests, stream.read, actor=self.actor):
            self.get_object()  # says 404, and keeps that it was asked for
        return Response(status=status.HTTP_204_NO_CONTENT, headers={"Cache-Control": "no-store"})

    @extend_schema(request=None, responses=SubmissionSerializer)
    @action(detail=True, methods=["post"], parser_classes=[JSONParser])
    def finish(self, request: Request, study_code: str, pk: str) -> Response:
        """Say that every file was sent; the checks begin. A person signs and sends in the pages."""
        row = manifest.finish(self.get_object(), actor=self.actor)
        return Response(self.get_serializer(row).data)

    @extend_schema(request=None, responses=OpenApiTypes.OBJECT)
    @action(detail=True, methods=["get"], url_path="de-identification")
    def proof_document(self, request: Request, study_code: str, pk: str) -> Response:
        """The proof of de-identification; 404 until the submission was de-identified."""
        row = self.get_object()
        report = proof.newest(row)
        if report is None:
            raise Http404
        return Response(proof.document(row, report))


class SeriesViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Clean series."""

    model = Series
    serializer_class = SeriesSerializer
    filterset_fields = ("submission", "modality")
    rights: ClassVar[dict[str, str]] = {"list": "submission.view", "retrieve": "submission.view"}

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("study")


class BlindedToFirst(StudyViewSet):
    """Keeps the first decision from whoever may take the second (``second_level``)."""

    @property
    def is_schema(self) -> bool:
        """Tell whether the description of the interface is being written."""
        return bool(getattr(self, "swagger_fake_view", False))

    def kept_back(self) -> QuerySet[Any]:
        """Return the submissions whose first decision is kept from the asker."""
        mine = Submission.objects.visible_to(self.actor)
        rows: QuerySet[Any] = second_level.kept_from(self.actor, mine).values("pk")
        return rows


class FindingViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BlindedToFirst):
    """Findings of the automatic checks."""

    model = Finding
    serializer_class = FindingSerializer
    filterset_fields = ("submission", "code", "level", "state")
    rights: ClassVar[dict[str, str]] = {"list": "submission.view", "retrieve": "submission.view"}

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        return rows if self.is_schema else rows.exclude(submission__in=self.kept_back())


class QcReviewSerializer(serializers.ModelSerializer[QcReview]):
    """A decision of quality control at its level."""

    reviewer = serializers.CharField(source="reviewer.printed_name", read_only=True)
    drawn_for_second_level = serializers.SerializerMethodField()

    class Meta:
        model = QcReview
        fields = (
            "id",
            "submission",
            "time_point",
            "level",
            "reviewer",
            "decision",
            "deviation_cause",
            "comment",
            "claimed_at",
            "decided_at",
            "drawn_for_second_level",
            "state",
        )
        read_only_fields = fields

    def get_drawn_for_second_level(self, row: QcReview) -> bool | None:
        """Return whether the decision was drawn; nothing before it is signed."""
        draw = getattr(row, "draw", None)
        return draw.drawn if draw is not None else None


class QcReviewViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BlindedToFirst):
    """Decisions of quality control."""

    model = QcReview
    serializer_class = QcReviewSerializer
    filterset_fields = ("submission", "level", "state", "decision")
    rights: ClassVar[dict[str, str]] = {"list": "qc.view", "retrieve": "qc.view"}

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset().select_related("reviewer", "draw")
        return rows if self.is_schema else rows.exclude(submission__in=self.kept_back())


class SiteExceptionSerializer(serializers.ModelSerializer[SiteException]):
    """A standing exception of a site."""

    reference = serializers.CharField(source="__str__", read_only=True)
    site = serializers.CharField(source="study_site.number", read_only=True)
    approved_by = serializers.CharField(
        source="approved_by.printed_name", read_only=True, default=None
    )

    class Meta:
        model = SiteException
        fields = (
            "id",
            "reference",
            "site",
            "code",
            "parameter",
            "modality",
            "reason",
            "valid_from",
            "valid_until",
            "approved_by",
            "approved_at",
            "ended_on",
            "end_reason",
            "state",
        )
        read_only_fields = fields


class SiteExceptionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Standing exceptions."""

    model = SiteException
    serializer_class = SiteExceptionSerializer
    filterset_fields = ("code", "parameter", "state")
    rights: ClassVar[dict[str, str]] = {"list": "exception.view", "retrieve": "exception.view"}

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("study_site", "approved_by")


class PackageSeriesSerializer(serializers.ModelSerializer[PackageSeries]):
    """One series of a package."""

    class Meta:
        model = PackageSeries
        fields = ("series", "order", "label", "place")
        read_only_fields = fields


class ReadPackageSerializer(serializers.ModelSerializer[ReadPackage]):
    """A version of what readers see."""

    series = PackageSeriesSerializer(source="entries", many=True, read_only=True)

    class Meta:
        model = ReadPackage
        fields = ("id", "time_point", "version", "layout", "note", "digest", "state", "series")
        read_only_fields = fields


class ReadPackageViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Read packages, every version."""

    model = ReadPackage
    serializer_class = ReadPackageSerializer
    filterset_fields = ("time_point", "state")
    rights: ClassVar[dict[str, str]] = {"list": "package.view", "retrieve": "package.view"}

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related("entries")


def register(router: BaseRouter) -> None:
    """Put the resources of imaging on the interface."""
    router.register(rf"{PREFIX}/submissions", SubmissionViewSet, basename="submission")
    router.register(rf"{PREFIX}/series", SeriesViewSet, basename="series")
    router.register(rf"{PREFIX}/findings", FindingViewSet, basename="finding")
    router.register(rf"{PREFIX}/arrivals", ArrivalViewSet, basename="arrival")
    router.register(rf"{PREFIX}/qc-reviews", QcReviewViewSet, basename="qc-review")
    router.register(rf"{PREFIX}/site-exceptions", SiteExceptionViewSet, basename="site-exception")
    router.register(rf"{PREFIX}/read-packages", ReadPackageViewSet, basename="read-package")
