"""Pages of imaging, each with its full address."""

from __future__ import annotations

from django.urls import path

from imaging.views import images, qc, site, submissions, upload

STUDY = "s/<str:study_code>/"
SUBMISSION = STUDY + "submissions/<uuid:pk>/"
QC = STUDY + "qc/<uuid:pk>/"

urlpatterns = [
    path("site/", site.home, name="site-home"),
    path("site/upload/", site.choose_visit, name="upload-visit"),
    path(
        STUDY + "subjects/<uuid:subject_id>/unscheduled/",
        site.unscheduled,
        name="visit-unscheduled",
    ),
    path(STUDY + "visits/<uuid:time_point_id>/", site.visit, name="visit"),
    path(STUDY + "visits/<uuid:time_point_id>/not-done/", site.not_done, name="visit-not-done"),
    path(STUDY + "visits/<uuid:time_point_id>/upload/", upload.start, name="upload-start"),
    path(STUDY + "submissions/", submissions.listing, name="submission-list"),
    path(SUBMISSION, submissions.detail, name="submission"),
    path(SUBMISSION + "files/", upload.files, name="upload-files"),
    path(SUBMISSION + "files/manifest/", upload.announce, name="upload-manifest"),
    path(SUBMISSION + "files/finish/", upload.finish, name="upload-finish"),
    path(SUBMISSION + "files/clear/", upload.clear, name="upload-clear"),
    path(SUBMISSION + "files/<str:sha256>/", upload.put, name="upload-put"),
    path(SUBMISSION + "checks/", upload.checks, name="upload-checks"),
    path(SUBMISSION + "form/", upload.form, name="upload-form"),
    path(SUBMISSION + "form/body/", upload.form_body, name="upload-form-body"),
    path(SUBMISSION + "form/autosave/", upload.form_autosave, name="upload-form-autosave"),
    path(SUBMISSION + "review/", upload.review, name="upload-review"),
    path(SUBMISSION + "receipt/", upload.receipt, name="receipt"),
    path(SUBMISSION + "de-identification/", submissions.report, name="deid-report"),
    path(SUBMISSION + "jobs/<uuid:job_id>/", submissions.job, name="submission-job"),
    path(SUBMISSION + "withdraw/", submissions.withdraw, name="submission-withdraw"),
    path(SUBMISSION + "reject/", submissions.reject, name="submission-reject"),
    path(SUBMISSION + "resume/", submissions.resume, name="submission-resume"),
    path(SUBMISSION + "reset/", submissions.reset, name="submission-reset"),
    path(STUDY + "qc/", qc.queue, name="qc-queue"),
    path(QC, qc.workbench, name="qc-workbench"),
    path(QC + "claim/", qc.claim, name="qc-claim"),
    path(QC + "release/", qc.release_claim, name="qc-release-claim"),
    path(QC + "checklist/", qc.checklist_autosave, name="qc-checklist-autosave"),
    path(QC + "checklist/body/", qc.checklist_body, name="qc-checklist-body"),
    path(QC + "ask/", qc.ask_all, name="qc-ask"),
    path(QC + "decide/", qc.decide, name="qc-decide"),
    path(QC + "sign/", qc.sign, name="qc-sign"),
    path(STUDY + "findings/<uuid:pk>/explain/", qc.explain, name="finding-explain"),
    path(STUDY + "findings/<uuid:pk>/ask/", qc.ask, name="finding-ask"),
    path(STUDY + "series/<uuid:series_id>/stack.json", images.stack, name="series-stack"),
    path(
        STUDY + "series/<uuid:series_id>/pictures/<str:sha256>.jpg",
        images.picture,
        name="image-preview",
    ),
]
