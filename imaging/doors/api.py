"""The door for machines that send files without a visit: open, put, close."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from imaging.models import Arrival, Door
from imaging.services import doors, manifest
from studies.api import StudyViewSet
from studies.models import StudySite


class ArrivalSerializer(serializers.ModelSerializer[Arrival]):
    """What came through a machine door: counts and states; no identity, no file names."""

    arrival = serializers.CharField(source="__str__", read_only=True)
    site = serializers.CharField(source="study_site.number", read_only=True)
    examinations = serializers.SerializerMethodField()

    class Meta:
        model = Arrival
        fields = ("id", "arrival", "site", "door", "source", "state", "examinations")
        read_only_fields = fields

    def get_examinations(self, row: Arrival) -> list[dict[str, str]]:
        """Return the state of each examination, and its submission when it has one."""
        found = row.examinations.values_list("number", "state", "submission")
        return [
            {"number": str(number), "state": state, "submission": str(submission or "")}
            for number, state, submission in found
        ]


class Opening(serializers.Serializer[Any]):
    """Which site sends, and how the sender is called."""

    site = serializers.CharField(help_text="number of the site in the study")
    sender = serializers.CharField(max_length=120)


class TakenSerializer(serializers.Serializer[Any]):
    """What became of one file."""

    sha256 = serializers.CharField()
    outcome = serializers.CharField()
    code = serializers.CharField()
    reason = serializers.CharField()


class ArrivalViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Files that come without a visit: sorted by person and examination once closed.

    A machine sends, a person of the site completes the form and signs in the pages.
    """

    model = Arrival
    serializer_class = ArrivalSerializer
    parser_classes = (JSONParser,)
    filterset_fields = ("state", "door")
    rights: ClassVar[dict[str, str]] = {
        "list": "arrival.follow",
        "retrieve": "arrival.follow",
        "create": "submission.upload",
        "put_file": "submission.upload",
        "close": "submission.upload",
    }

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("study_site")

    @extend_schema(request=Opening, responses=ArrivalSerializer)
    def create(self, request: Request, study_code: str) -> Response:
        """Open an arrival, or go on with the open one of the same sender."""
        wanted = Opening(data=request.data)
        wanted.is_valid(raise_exception=True)
        mine = StudySite.objects.visible_to(self.actor)
        site = get_object_or_404(mine, number=wanted.validated_data["site"])
        sender = doors.Sender(site, Door.REST, wanted.validated_data["sender"])
        row = doors.open_arrival(sender, actor=self.actor)
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=OpenApiTypes.BINARY, responses=TakenSerializer)
    @action(detail=True, methods=["put"], url_path="files/(?P<sha256>[0-9a-f]{64})")
    def put_file(self, request: Request, study_code: str, pk: str, sha256: str) -> Response:
        """Send one file under its SHA-256; it is durable when this answers."""
        stream = request._request
        taken = doors.take(
            self.get_object(),
            iter(lambda: stream.read(manifest.CHUNK), b""),
            actor=self.actor,
            sha256=sha256,
        )
        return Response(TakenSerializer(taken).data)

    @extend_schema(request=None, responses=ArrivalSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, study_code: str, pk: str) -> Response:
        """Say that nothing more comes; the arrival is sorted now."""
        row = doors.close(self.get_object(), actor=self.actor)
        return Response(self.get_serializer(row).data)
