"""Pages of a controlled document: how it stands, its versions, YAML out and in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sentences import sentences
from accounts.signing import shown_signatures
from audit import trail
from audit.errors import Conflict
from audit.models import record
from imaging.pipeline.yaml_text import UnreadableText
from studies.access import StudyRequest, fetch
from studies.models import Configuration
from studies.services import configuration
from ui.records import Link

LARGEST_FILE = 1_000_000
WAY = ("draft", "in_review", "approved", "effective")


@dataclass(frozen=True, kw_only=True)
class Pages:
    """What the pages of one kind of document share.

    Attributes:
        route: the name of the page that shows what holds; the other routes begin with it
            (``plan``, ``plan-version``, ``plan-import``).
        noun: the document in a sentence ("No plan is that long").
        in_review: what the step between draft and signature is called for this kind.
    """

    kind: Configuration.Kind
    route: str
    title: str
    noun: str
    in_review: str

    def fetched(self, request: StudyRequest, pk: UUID) -> Configuration:
        """Return one version that the person may see.

        Raises:
            Http404: there is none of this kind.
        """
        rows = Configuration.objects.filter(kind=self.kind)
        found: Configuration = fetch(rows, request.actor, pk)
        return found

    def holding(self, request: StudyRequest) -> Configuration | None:
        """Return the version that holds; without one, the newest."""
        newest = iter(configuration.versions_of(request.study, self.kind))
        return configuration.effective_or_none(request.study, self.kind) or next(newest, None)

    def crumbs(self, request: StudyRequest, *last: Link | str) -> list[Link]:
        """Return the way here: study, document, and what follows."""
        code = request.study.code
        return [
            Link(label=code, url=reverse("study-entry", args=[code])),
            Link(label=_(self.title), url=reverse(self.route, args=[code]) if last else ""),
            *(Link(label=one, url="") if isinstance(one, str) else one for one in last),
        ]

    def link(self, request: StudyRequest, made: Configuration) -> Link:
        """Return the way to a version."""
        url = reverse(f"{self.route}-version", args=[request.study.code, made.pk])
        return Link(label=str(made), url=url)

    def versions(self, made: Configuration) -> list[Configuration]:
        """Return every version of the same document, newest first."""
        rows = configuration.versions_of(made.study_id, self.kind)
        return [one for one in rows if one.key == made.key]

    def wanted(self, request: StudyRequest, made: Configuration) -> Configuration | None:
        """Return the other version that the address asks to compare with, if it names one."""
        name = request.GET.get("with", "")
        others = (one for one in self.versions(made) if one.pk != made.pk)
        return next((one for one in others if str(one.pk) == name), None)

    def standing(self, request: StudyRequest, made: Configuration) -> dict[str, Any]:
        """Return what the page of a version tells besides its content."""
        labels = (_("Draft"), _(self.in_review), _("Signed"), _("Effective"))
        return {
            "made": made,
            "crumbs": self.crumbs(request, str(made)),
            "version_route": f"{self.route}-version",
            "versions": self.versions(made),
            "draft": configuration.open_draft(request.study, self.kind),
            "way": [
                (label, _phase(made.state, step)) for label, step in zip(labels, WAY, strict=True)
            ],
            "signatures": shown_signatures(made),
            "history": sentences(trail.entries(made)),
        }

    def sent(self, request: StudyRequest, made: Configuration, text: str) -> HttpResponse:
        """Send a version as YAML and note that it left."""
        record(f"{self.route}.export", made, details={"digest": made.digest})
        response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
        name = f"{request.study.code}_{self.route}_v{made.version}.yaml"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def taken(
        self,
        request: StudyRequest,
        *,
        take: Callable[[str], Configuration],
        then: Callable[[Configuration], HttpResponse],
    ) -> HttpResponse:
        """Ask for a file or text and make it a draft; a bad one comes back with its faults.

        Args:
            take: makes a text the draft; raises ``UnreadableText`` or ``Conflict``.
            then: where to go with the draft.
        """
        text, problems, refused_with = "", [], ""
        if request.method == "POST":
            text, refused_with = self._text_of(request)
            try:
                if not refused_with:
                    made = take(text)
                    messages.success(request, _("The file is now %s, a draft.") % made)
                    return then(made)
            except UnreadableText as unreadable:
                problems = list(unreadable.problems)
            except Conflict as conflict:
                refused_with = conflict.message
        wrong = {problem.line for problem in problems if problem.line}
        near = {line + step for line in wrong for step in (-1, 0, 1)}
        context = {
            "title": _("Import a %s") % _(self.noun),
            "home": reverse(self.route, args=[request.study.code]),
            "text": text,
            "problems": problems,
            "refused_with": refused_with,
            "lines": [pair for pair in enumerate(text.splitlines(), start=1) if pair[0] in near],
            "wrong": wrong,
            "draft": configuration.open_draft(request.study, self.kind),
            "crumbs": self.crumbs(request, _("Import")),
        }
        status = 422 if problems or refused_with else 200
        return render(request, "imaging/document_import.html", context, status=status)

    def _text_of(self, request: StudyRequest) -> tuple[str, str]:
        """Return what was sent and why it cannot be read at all."""
        sent = request.FILES.get("file")
        if sent is None:
            text = request.POST.get("text", "")
            return text, "" if text.strip() else _("Choose a file or write its text.")
        if sent.size is not None and sent.size > LARGEST_FILE:
            return "", _("The file is larger than 1 MB. No %s is that long.") % _(self.noun)
        try:
            return sent.read().decode("utf-8-sig"), ""
        except UnicodeDecodeError:
            return "", _("The file is no text in UTF-8. Save it as UTF-8 and choose it again.")


def _phase(state: str, step: str) -> str:
    if state not in WAY:
        return "done" if state == "superseded" else "todo"
    at, here = WAY.index(state), WAY.index(step)
    return "done" if here < at else "now" if here == at else "todo"
