"""Queries for machines: list, look, answer."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from queries import services
from queries.listing import STATE_FILTERS
from queries.models import Message, Query, RequestedAction
from studies.api import PREFIX, StudyViewSet


class ActionSerializer(serializers.ModelSerializer[RequestedAction]):
    """One thing that is asked of the site."""

    class Meta:
        model = RequestedAction
        fields = ("id", "kind", "text", "done_at", "outcome")
        read_only_fields = fields


class MessageSerializer(serializers.ModelSerializer[Message]):
    """One entry of the thread."""

    class Meta:
        model = Message
        fields = ("at", "author_name", "author_role", "text")
        read_only_fields = fields


class QuerySerializer(serializers.ModelSerializer[Query]):
    """A query in a list."""

    code = serializers.CharField(source="__str__", read_only=True)
    site = serializers.CharField(source="study_site.number", read_only=True)
    subject = serializers.CharField(source="subject.code", read_only=True, default=None)
    time_point = serializers.CharField(source="time_point.label", read_only=True, default=None)

    class Meta:
        model = Query
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "code",
            "site",
            "subject",
            "time_point",
            "cause",
            "title",
            "state",
            "blocking",
            "opened_at",
            "due_at",
            "due_by",
            "answered_at",
            "closed_at",
        )
        read_only_fields = fields


class QueryDetailSerializer(QuerySerializer):
    """A query with what it asks for and what was said."""

    actions = ActionSerializer(many=True, read_only=True)
    messages = MessageSerializer(many=True, read_only=True)

    class Meta(QuerySerializer.Meta):
        fields = (*QuerySerializer.Meta.fields, "text", "actions", "messages")
        read_only_fields = fields


class AnswerSerializer(serializers.Serializer[Any]):
    """An answer in words."""

    text = serializers.CharField(max_length=4000)
    cannot_be_done = serializers.BooleanField(default=False)


class QueryViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Queries of a study, due first."""

    model = Query
    serializer_class = QuerySerializer
    rights: ClassVar[dict[str, str]] = {
        "list": "query.view",
        "retrieve": "query.view",
        "answer": "query.answer",
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Return the queries that the asker may see."""
        rows = super().get_queryset().select_related("subject", "time_point", "study_site")
        return rows.prefetch_related("actions", "messages").order_by("due_at", "number")

    def get_serializer_class(self) -> Any:
        """Say more about one query than about each of many."""
        return QuerySerializer if self.action == "list" else QueryDetailSerializer

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep one state: ``?state=site|answered|closed|cancelled|all``; open ones by default."""
        rows = super().filter_queryset(queryset)
        if self.action != "list":
            return rows
        wanted = self.request.query_params.get("state", "")
        return rows.filter(state__in=STATE_FILTERS.get(wanted, STATE_FILTERS[""]))

    @extend_schema(request=AnswerSerializer, responses=QueryDetailSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, **_: Any) -> Response:
        """Answer in words."""
        said = AnswerSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        row = services.answer(self.get_object(), actor=self.actor, **said.validated_data)
        return Response(QueryDetailSerializer(row).data)


def register(router: BaseRouter) -> None:
    """Add this app's resources."""
    router.register(f"{PREFIX}/queries", QueryViewSet, basename="query")
