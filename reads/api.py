"""The door of readers' own tools: reads to do, answers, signature. Rules as on the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from accounts.signatures import content_digest, prove
from audit.errors import Conflict
from reads import signing
from reads.models import ReadSession, ReadTask
from reads.services import dossiers, reading
from reads.services.dossiers import Opened
from reads.visibility import held_by, tasks_of_reader
from studies.api import PREFIX, StudyViewSet


class ReadTaskSerializer(serializers.ModelSerializer[ReadTask]):
    """A read under its blinded label. Nothing here says whose images they are, or when."""

    case = serializers.CharField(source="stream.label", read_only=True)
    time_point = serializers.IntegerField(source="sequence", read_only=True)
    kind = serializers.SerializerMethodField()
    criteria = serializers.SerializerMethodField()

    class Meta:
        model = ReadTask
        fields = ("id", "case", "time_point", "kind", "criteria", "state", "due_at")
        read_only_fields = fields

    @extend_schema_field(
        serializers.ChoiceField(
            choices=["baseline", "follow_up", "global", "eligibility", "oncology"]
        )
    )
    def get_kind(self, task: ReadTask) -> str:
        """Baseline or follow-up; else the session."""
        if task.kind != ReadTask.Kind.TIME_POINT:
            return str(task.kind)
        return "baseline" if task.sequence == 1 else "follow_up"

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_criteria(self, task: ReadTask) -> list[str]:
        """The keys of the criteria."""
        return sorted(task.criteria)


class AnswersSerializer(serializers.Serializer[Any]):
    """Answers of a read with the version that they are based on."""

    version = serializers.IntegerField()
    answers = serializers.DictField()


class SignSerializer(serializers.Serializer[Any]):
    """What a signer proves, and the digest of what was reviewed."""

    password = serializers.CharField()
    code = serializers.CharField(required=False, allow_blank=True, default="")
    digest = serializers.CharField()


class OpenDossierSerializer(serializers.Serializer[Any]):
    """Which dossier of a read is opened: that of the time point with this number."""

    time_point = serializers.IntegerField(min_value=1)


class DossierLineSerializer(serializers.Serializer[Any]):
    """One line of a dossier; ``when`` counts from baseline."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    value = serializers.CharField()
    unit = serializers.CharField()
    when = serializers.CharField()


class DossierDocumentSerializer(serializers.Serializer[Any]):
    """A document as the addresses of its redacted pages."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    pages = serializers.ListField(child=serializers.CharField())


class DossierSectionSerializer(serializers.Serializer[Any]):
    """Lines and documents under one heading."""

    title = serializers.CharField()
    lines = DossierLineSerializer(many=True)
    documents = DossierDocumentSerializer(many=True)


class DossierSerializer(serializers.Serializer[Any]):
    """An opened dossier, blinded: no place, name or calendar date."""

    opening = serializers.UUIDField()
    time_point = serializers.IntegerField()
    version = serializers.IntegerField()
    sections = DossierSectionSerializer(many=True)


#: acts that tell a reader why they are refused instead of hiding the read
_SAYS_WHY = frozenset({"start", "review", "sign", "dossier"})


class ReadViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """The reads that exist for the reader now: signed ones, and each case's next."""

    model = ReadTask
    serializer_class = ReadTaskSerializer
    rights: ClassVar[dict[str, str]] = {
        "list": "read.inbox",
        "retrieve": "read.inbox",
        "start": "read.perform",
        "answers": "read.perform",
        "dossier": "read.perform",
        "review": "read.perform",
        "sign": "read.perform",
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Return what the sequential lock leaves open."""
        if getattr(self, "swagger_fake_view", False):
            return ReadTask._base_manager.none()
        # Who is not qualified any more is told so by the service, and sees nothing of the read.
        found = held_by if self.action in _SAYS_WHY else tasks_of_reader
        rows: QuerySet[Any] = found(self.actor).order_by(
            "due_at", "stream__order_index", "sequence"
        )
        return rows

    def _session(self) -> ReadSession:
        session = reading.active_session(self.get_object())
        if session is None:
            raise Conflict("This read has not been started.", rule="RD-016")
        return session

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, **_: Any) -> Response:
        """Start the read, or go on with it."""
        session = reading.open_session(self.get_object(), actor=self.actor)
        return Response(_answers(session), status=201)

    @extend_schema(request=AnswersSerializer, responses=AnswersSerializer)
    @action(detail=True, methods=["get", "put"])
    def answers(self, request: Request, **_: Any) -> Response:
        """Get the answers with what follows from them, or put all answers back as typed."""
        session = self._session()
        if request.method == "PUT":
            given = AnswersSerializer(data=request.data)
            given.is_valid(raise_exception=True)
            session = reading.save(
                session,
                given.validated_data["answers"],
                seen_version=given.validated_data["version"],
                actor=self.actor,
            )
        return Response(_answers(session))

    @extend_schema(request=OpenDossierSerializer, responses=DossierSerializer)
    @action(detail=True, methods=["post"])
    def dossier(self, request: Request, **_: Any) -> Response:
        """Open the dossier of a time point of the read; every opening is kept."""
        given = OpenDossierSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        place = given.validated_data["time_point"]
        opened = dossiers.open_in_read(self.get_object(), place, actor=self.actor)
        answer = Response(_dossier(opened, self.study.code))
        answer["Cache-Control"] = "no-store"
        return answer

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def review(self, request: Request, **_: Any) -> Response:
        """Complete the form; the digest names what a signature would cover."""
        session = self._session()
        reading.review(session, actor=self.actor)
        return Response({**_answers(session), "digest": content_digest(session)})

    @extend_schema(request=SignSerializer)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, **_: Any) -> Response:
        """Sign what was reviewed."""
        given = SignSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        session = self._session()
        assent = prove(
            request.user,  # type: ignore[arg-type]
            self.actor,
            password=given.validated_data["password"],
            code=given.validated_data["code"],
            meaning=signing.READ_MEANING,
            statement=signing.READ_STATEMENT,
            seen_digest=given.validated_data["digest"],
        )
        reading.sign(session, actor=self.actor, assent=assent)
        return Response(ReadTaskSerializer(self.get_object()).data)


def _answers(session: ReadSession) -> dict[str, Any]:
    seen = reading.look(session)
    return {
        "version": session.form_record.version,
        "state": session.state,
        "answers": session.form_record.answers,
        "derived": {
            key: {name: _plain(derived.last.values.get(name)) for name in _DERIVED}
            for key, derived in seen.derived.items()
        },
        "messages": [
            {"check": m.check, "level": m.level.value, "place": m.place, "text": m.text}
            for m in seen.evaluation.messages
        ],
    }


def _dossier(opened: Opened, study_code: str) -> dict[str, Any]:
    row = opened.row
    return {
        "opening": str(row.public_id),
        "time_point": row.sequence,
        "version": opened.contents.version,
        "sections": [
            {
                "title": section.title,
                "lines": [
                    {"label": one.label, "value": one.value, "unit": one.unit, "when": one.when}
                    for one in section.rows
                ],
                "documents": [
                    {
                        "label": document.label,
                        "pages": [
                            reverse("dossier-page", args=[study_code, row.public_id, page.sha256])
                            for page in document.pages
                        ],
                    }
                    for document in section.documents
                ],
            }
            for section in opened.contents.sections
        ],
    }


_DERIVED = ("target_response", "non_target_response", "overall_response")


def _plain(value: object) -> str | None:
    return None if value is None else str(value)


def register(router: BaseRouter) -> None:
    """Add this app's resources."""
    router.register(f"{PREFIX}/reads", ReadViewSet, basename="read")
