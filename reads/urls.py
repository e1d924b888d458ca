"""Addresses of reads and adjudications."""

from __future__ import annotations

from django.urls import path

from reads.views import (
    adjudicating,
    charter,
    images,
    inbox,
    onboarding,
    planner,
    progress,
    readers,
    room,
    signing,
)

READ = "s/<str:study_code>/reads/<uuid:pk>"
CASE = "s/<str:study_code>/adjudication/<uuid:pk>"
CHARTER = "s/<str:study_code>/charter"
READERS = "s/<str:study_code>/readers"

urlpatterns = [
    path(f"{CHARTER}/", charter.charter, name="charter"),
    path(f"{CHARTER}/begin/", charter.charter_start, name="charter-start"),
    path(f"{CHARTER}/<uuid:pk>/", charter.charter_version, name="charter-version"),
    path(f"{CHARTER}/<uuid:pk>/edit/", charter.charter_edit, name="charter-edit"),
    path(f"{CHARTER}/<uuid:pk>/impact/", charter.charter_impact, name="charter-impact"),
    path(f"{CHARTER}/<uuid:pk>/take-over/", charter.charter_take_over, name="charter-take-over"),
    path(f"{CHARTER}/<uuid:pk>/charter.yaml", charter.charter_yaml, name="charter-yaml"),
    path(f"{CHARTER}/<uuid:pk>/charter.pdf", charter.charter_pdf, name="charter-pdf"),
    path(
        f"{CHARTER}/<uuid:pk>/specification/",
        charter.charter_specification,
        name="charter-specification",
    ),
    path(f"{READERS}/", readers.reader_list, name="reader-list"),
    path(f"{READERS}/enter/", readers.reader_enter, name="reader-enter"),
    path(f"{READERS}/planner/", planner.reader_planner, name="reader-planner"),
    path(f"{READERS}/onboarding/", onboarding.onboarding_board, name="onboarding-board"),
    path(f"{READERS}/onboarding/invite/", onboarding.onboarding_invite, name="onboarding-invite"),
    path(
        f"{READERS}/onboarding/advance/", onboarding.onboarding_advance, name="onboarding-advance"
    ),
    path(f"{READERS}/onboarding/<uuid:pk>/", onboarding.onboarding_act, name="onboarding-act"),
    path(f"{READERS}/<uuid:pk>/", readers.reader_page, name="reader-page"),
    path(f"{READERS}/<uuid:pk>/act/", readers.reader_act, name="reader-act"),
    path(f"{READERS}/<uuid:pk>/cv.pdf", readers.reader_cv, name="reader-cv"),
    path("reads/", inbox.read_inbox, name="read-inbox"),
    path("adjudication/", inbox.adjudication_inbox, name="adjudication-inbox"),
    path("s/<str:study_code>/reads/", progress.read_progress, name="read-progress"),
    path("s/<str:study_code>/reads/manage/", progress.read_manage, name="read-manage"),
    path(
        "s/<str:study_code>/reads/pictures/<uuid:series>/<str:sha256>.jpg",
        images.read_picture,
        name="read-picture",
    ),
    path(f"{READ}/", room.read_page, name="read-page"),
    path(f"{READ}/save/", room.read_save, name="read-save"),
    path(f"{READ}/panel/", room.read_panel, name="read-panel"),
    path(f"{READ}/stacks/", room.read_stacks, name="read-stacks"),
    path(f"{READ}/review/", signing.read_review, name="read-review"),
    path(f"{READ}/sign/", signing.read_sign, name="read-sign"),
    path(f"{READ}/signed/", signing.signed_read, name="signed-read"),
    path(f"{CASE}/", adjudicating.adjudication_case, name="adjudication-case"),
    path(f"{CASE}/stacks/", adjudicating.adjudication_stacks, name="adjudication-stacks"),
    path(f"{CASE}/sign/", adjudicating.adjudication_sign, name="adjudication-sign"),
]
