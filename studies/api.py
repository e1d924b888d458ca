"""The door for machines: every resource of a study lies below ``/api/v1/studies/<code>/``.

The door asks the same questions as the pages: membership decides whether the study exists for the
asker, the right decides what may be done, ``visible_to`` decides which rows there are.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from accounts.permissions import right
from audit.actors import Actor, acting
from studies.access import fetch
from studies.actors import actor_for, memberships_of
from studies.middleware import trace_of
from studies.models import Study, Subject, TimePoint
from studies.scoping import scope

PREFIX = r"studies/(?P<study_code>[A-Za-z0-9_-]+)"


class StudyViewSet(viewsets.GenericViewSet[Any]):
    """A resource of one study.

    Attributes:
        rights: action -> right; an action without a right cannot be called.
        study, actor: set before the action runs; the study's scope is open around it.
    """

    rights: ClassVar[dict[str, str]] = {}
    model: ClassVar[Any] = None
    metadata_class = None  # OPTIONS would describe a resource before anybody's right was asked
    study: Study
    actor: Actor

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with ExitStack() as self._around:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, find the study, check the right, open the scope.

        Raises:
            MethodNotAllowed: the resource has no such action.
            Http404: there is no such study for this person.
            NotPermitted: the role lacks the right.
        """
        super().initial(request, *args, **kwargs)
        if self.action not in self.rights:
            raise MethodNotAllowed(str(request.method))
        study = Study.objects.filter(code=kwargs["study_code"]).first()
        actor = actor_for(request.user, study, **trace_of(request)) if study else None  # type: ignore[arg-type]
        if study is None or actor is None:
            raise Http404
        self.study = study
        self.enter(actor)

    def enter(self, actor: Actor) -> None:
        """Open the scope of the study and act there with the right that the action needs.

        Raises:
            NotPermitted: the role lacks the right.
        """
        self._around.enter_context(scope(self.study))
        self._around.enter_context(acting(actor))
        name = right(self.rights[self.action])
        actor.require(name)
        self.actor = actor.acting_as(name)
        self._around.enter_context(acting(self.actor))

    def get_object(self) -> Any:
        """Return the row of the address; one that may not be seen answers 404 and is kept."""
        return fetch(self.get_queryset(), self.actor, self.kwargs["pk"])

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows that the asker may see."""
        if getattr(self, "swagger_fake_view", False):
            return self.model._base_manager.none()
        return self.model.objects.visible_to(self.actor)


class StudySerializer(serializers.ModelSerializer[Study]):
    """A study as its members see it."""

    class Meta:
        model = Study
        fields = ("code", "title", "protocol_number", "phase", "indication", "state")
        read_only_fields = fields


class StudiesViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Study]):
    """The studies in which the asker holds a role now."""

    serializer_class = StudySerializer

    def get_queryset(self) -> QuerySet[Study]:
        """Return the asker's studies."""
        if getattr(self, "swagger_fake_view", False):
            return Study.objects.none()
        mine = memberships_of(self.request.user).values("study_id")  # type: ignore[arg-type]
        return Study.objects.filter(pk__in=mine).order_by("code")


class SubjectSerializer(serializers.ModelSerializer[Subject]):
    """A subject with its site."""

    site = serializers.CharField(source="study_site.number", read_only=True)

    class Meta:
        model = Subject
        fields = ("id", "code", "site", "state")
        read_only_fields = fields


class SubjectViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Subjects of a study."""

    model = Subject
    serializer_class = SubjectSerializer
    rights: ClassVar[dict[str, str]] = {"list": "subject.view", "retrieve": "subject.view"}

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("study_site")


class TimePointSerializer(serializers.ModelSerializer[TimePoint]):
    """A time point with its window."""

    subject = serializers.CharField(source="subject.code", read_only=True)

    class Meta:
        model = TimePoint
        fields = (
            "id",
            "subject",
            "label",
            "state",
            "planned_date",
            "window_from",
            "window_to",
            "assessment_date",
            "not_done_reason",
            "unscheduled_reason",
        )
        read_only_fields = fields


class TimePointViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, StudyViewSet):
    """Time points of a study, in order of their dates."""

    model = TimePoint
    serializer_class = TimePointSerializer
    rights: ClassVar[dict[str, str]] = {"list": "timepoint.view", "retrieve": "timepoint.view"}

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("subject")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List time points; ``?subject=<code>`` keeps one subject's."""
        return super().list(request, *args, **kwargs)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        subject = self.request.query_params.get("subject")
        rows = super().filter_queryset(queryset)
        return rows.filter(subject__code=subject) if subject else rows


def register(router: BaseRouter) -> None:
    """Add this app's resources."""
    router.register("studies", StudiesViewSet, basename="study")
    router.register(f"{PREFIX}/subjects", SubjectViewSet, basename="subject")
    router.register(f"{PREFIX}/time-points", TimePointViewSet, basename="time-point")
