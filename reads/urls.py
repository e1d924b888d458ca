"""Addresses of reads and adjudications."""

from __future__ import annotations

from django.urls import path

from reads.views import (
    adjudicating,
    answers,
    assignment,
    care,
    charter,
    designer,
    dossier_changes,
    dossier_openings,
    dossiers,
    escalations,
    fees,
    images,
    imports,
    inbox,
    meetings,
    onboarding,
    oversight,
    oversight_reminders,
    oversight_retraining,
    oversight_rollbacks,
    performance,
    planner,
    preliminary,
    progress,
    questions,
    readers,
    release,
    room,
    schooling,
    signing,
    training,
    truth,
    variability,
)

READ = "s/<str:study_code>/reads/<uuid:pk>"
CASE = "s/<str:study_code>/adjudication/<uuid:pk>"
CHARTER = "s/<str:study_code>/charter"
ECRF = "s/<str:study_code>/ecrf"
READERS = "s/<str:study_code>/readers"
CHECKS = "s/<str:study_code>/read-checks"
REMINDERS = "s/<str:study_code>/reminders"
ROLL_BACKS = "s/<str:study_code>/roll-backs"
RECALLS = "s/<str:study_code>/recalls"
CORRECTIONS = "s/<str:study_code>/corrections"
RETRAINING = "s/<str:study_code>/retraining"
FEES = f"{READERS}/fees/<uuid:pk>"
TRAINING = "s/<str:study_code>/training"

PERFORMANCE = "s/<str:study_code>/performance"
VARIABILITY = f"{PERFORMANCE}/variability"
QUESTIONS = "s/<str:study_code>/reader-questions"
OPENINGS = "s/<str:study_code>/dossier-openings"
DOSSIER_CHANGES = "s/<str:study_code>/revised-dossiers"
PRELIMINARY = "s/<str:study_code>/prepared"
IMPORTS = "s/<str:study_code>/imported-readings"

SUBJECT = "s/<str:study_code>/subjects/<uuid:pk>"
VISIT = "s/<str:study_code>/time-points/<uuid:pk>"
CONFIRMATIONS = "s/<str:study_code>/confirmations/<uuid:pk>"

urlpatterns = [
    path("s/<str:study_code>/answers/", answers.site_answers, name="site-answers"),
    path(f"{SUBJECT}/imaging/", answers.subject_imaging, name="subject-imaging"),
    path(f"{SUBJECT}/eligibility.pdf", answers.eligibility_letter, name="eligibility-letter"),
    path(f"{SUBJECT}/eligibility/again/", answers.eligibility_again, name="eligibility-again"),
    path(f"{SUBJECT}/death/", answers.death_record, name="death-record"),
    path(f"{VISIT}/confirmation/", answers.confirmation_ask, name="confirmation-ask"),
    path(f"{VISIT}/local-result/", answers.local_result, name="local-result"),
    path(f"{CONFIRMATIONS}/withdraw/", answers.confirmation_withdraw, name="confirmation-withdraw"),
    path(f"{CONFIRMATIONS}/letter.pdf", answers.confirmation_letter, name="confirmation-letter"),
    path(f"{CHARTER}/<uuid:pk>/session-forms/", answers.session_forms, name="session-forms"),
    path(f"{CHECKS}/", oversight.check_findings, name="check-findings"),
    path(f"{CHECKS}/run/", oversight.check_run, name="check-run"),
    path(f"{CHECKS}/decide/", oversight.check_findings_decide, name="check-findings-decide"),
    path(f"{CHECKS}/library/", oversight.check_library, name="check-library"),
    path(f"{CHECKS}/readers/", oversight.check_readers, name="check-readers"),
    path(f"{CHECKS}/<uuid:pk>/", oversight.check_finding, name="check-finding"),
    path(
        f"{CHECKS}/<uuid:pk>/decide/", oversight.check_finding_decide, name="check-finding-decide"
    ),
    path(f"{REMINDERS}/", oversight_reminders.reminder_list, name="reminder-list"),
    path(f"{REMINDERS}/new/", oversight_reminders.reminder_new, name="reminder-new"),
    path(f"{REMINDERS}/<uuid:pk>/", oversight_reminders.reminder_page, name="reminder-page"),
    path(f"{REMINDERS}/<uuid:pk>/act/", oversight_reminders.reminder_act, name="reminder-act"),
    path(f"{REMINDERS}/<uuid:pk>/mine/", oversight_reminders.my_reminder, name="my-reminder"),
    path(
        f"{REMINDERS}/<uuid:pk>/sign/",
        oversight_reminders.my_reminder_sign,
        name="my-reminder-sign",
    ),
    path(
        f"{REMINDERS}/<uuid:pk>/picture.jpg",
        oversight_reminders.reminder_picture,
        name="reminder-picture",
    ),
    path(f"{ROLL_BACKS}/", oversight_rollbacks.rollback_list, name="rollback-list"),
    path(f"{ROLL_BACKS}/new/", oversight_rollbacks.rollback_new, name="rollback-new"),
    path(f"{ROLL_BACKS}/<uuid:pk>/", oversight_rollbacks.rollback_page, name="rollback-page"),
    path(
        f"{ROLL_BACKS}/<uuid:pk>/approve/",
        oversight_rollbacks.rollback_approve,
        name="rollback-approve",
    ),
    path(f"{ROLL_BACKS}/<uuid:pk>/act/", oversight_rollbacks.rollback_act, name="rollback-act"),
    path(f"{RECALLS}/new/", oversight_rollbacks.recall_new, name="recall-new"),
    path(f"{RECALLS}/<uuid:pk>/", oversight_rollbacks.recall_page, name="recall-page"),
    path(
        f"{RECALLS}/<uuid:pk>/approve/", oversight_rollbacks.recall_approve, name="recall-approve"
    ),
    path(f"{RECALLS}/<uuid:pk>/act/", oversight_rollbacks.recall_act, name="recall-act"),
    path(f"{CORRECTIONS}/", oversight_rollbacks.correction_list, name="correction-list"),
    path(
        f"{CORRECTIONS}/<str:kind>/<uuid:pk>/",
        oversight_rollbacks.correction_page,
        name="correction-page",
    ),
    path(
        f"{CORRECTIONS}/<str:kind>/<uuid:pk>/acknowledge/",
        oversight_rollbacks.correction_acknowledge,
        name="correction-acknowledge",
    ),
    path(f"{RETRAINING}/", oversight_retraining.retraining_list, name="retraining-list"),
    path(f"{RETRAINING}/order/", oversight_retraining.retraining_order, name="retraining-order"),
    path(f"{RETRAINING}/<uuid:pk>/", oversight_retraining.retraining_page, name="retraining-page"),
    path(
        f"{RETRAINING}/<uuid:pk>/act/", oversight_retraining.retraining_act, name="retraining-act"
    ),
    path(f"{PERFORMANCE}/", performance.performance_page, name="performance"),
    path(f"{PERFORMANCE}/report.pdf", performance.performance_pdf, name="performance-pdf"),
    path(
        f"{PERFORMANCE}/readers/<int:number>/",
        performance.performance_reader,
        name="performance-reader",
    ),
    path(f"{READ}/dossier/", dossiers.read_dossier, name="read-dossier"),
    path(f"{CASE}/dossier/", dossiers.case_dossier, name="case-dossier"),
    path(f"{OPENINGS}/", dossier_openings.openings, name="dossier-openings"),
    path(
        f"{OPENINGS}/<uuid:opening>/<str:sha256>.png",
        dossiers.dossier_page,
        name="dossier-page",
    ),
    path(f"{OPENINGS}/<uuid:pk>/begin-anew/", dossier_openings.begin_anew, name="read-begin-anew"),
    path(f"{DOSSIER_CHANGES}/", dossier_changes.listing, name="dossier-change-list"),
    path(f"{DOSSIER_CHANGES}/<uuid:pk>/", dossier_changes.page, name="dossier-change"),
    path(
        f"{DOSSIER_CHANGES}/<uuid:pk>/choose/",
        dossier_changes.choose,
        name="dossier-change-choose",
    ),
    path(f"{DOSSIER_CHANGES}/<uuid:pk>/sign/", dossier_changes.sign, name="dossier-change-sign"),
    path(
        f"{DOSSIER_CHANGES}/<uuid:pk>/carried-out/",
        dossier_changes.carried_out,
        name="dossier-change-carried-out",
    ),
    path(f"{READ}/ask/", questions.question_ask, name="question-ask"),
    path(f"{READ}/ask/withdraw/", questions.question_withdraw, name="question-withdraw"),
    path(f"{QUESTIONS}/", questions.question_list, name="question-list"),
    path(f"{QUESTIONS}/<uuid:pk>/", questions.question_page, name="question-page"),
    path(f"{QUESTIONS}/<uuid:pk>/act/", questions.question_act, name="question-act"),
    path(f"{READ}/prepared/", preliminary.preliminary_decide, name="preliminary-decide"),
    path(f"{PRELIMINARY}/", preliminary.preliminary_list, name="preliminary-list"),
    path(f"{PRELIMINARY}/<uuid:pk>/", preliminary.preliminary_page, name="preliminary-page"),
    path(f"{PRELIMINARY}/<uuid:pk>/act/", preliminary.preliminary_act, name="preliminary-act"),
    path(f"{IMPORTS}/", imports.import_list, name="reading-imports"),
    path(f"{IMPORTS}/read-in/", imports.import_read_in, name="reading-import-read-in"),
    path(f"{IMPORTS}/<uuid:pk>/", imports.import_page, name="reading-import"),
    path(f"{IMPORTS}/<uuid:pk>/act/", imports.import_act, name="reading-import-act"),
    path(f"{VARIABILITY}/", variability.variability_list, name="variability"),
    path(f"{VARIABILITY}/plan/", variability.variability_plan, name="variability-plan"),
    path(f"{VARIABILITY}/<uuid:pk>/", variability.variability_page, name="variability-plan-page"),
    path(f"{VARIABILITY}/<uuid:pk>/act/", variability.variability_act, name="variability-act"),
    path(
        f"{VARIABILITY}/<uuid:pk>/report.pdf",
        variability.variability_pdf,
        name="variability-pdf",
    ),
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
    path(f"{CHARTER}/blinding/", release.charter_blinding, name="charter-blinding"),
    path(f"{CHARTER}/reports/<int:pk>/", release.charter_report, name="charter-report"),
    path(
        f"{CHARTER}/reports/<int:pk>/report.pdf",
        release.charter_report_pdf,
        name="charter-report-pdf",
    ),
    path(
        f"{CHARTER}/reports/<int:pk>/sign/",
        release.charter_report_sign,
        name="charter-report-sign",
    ),
    path(f"{CHARTER}/<uuid:pk>/release/", release.charter_release, name="charter-release"),
    path(f"{CHARTER}/<uuid:pk>/validate/", release.charter_validate, name="charter-validate"),
    path(f"{CHARTER}/<uuid:pk>/sign/", release.charter_sign, name="charter-sign"),
    path(f"{CHARTER}/<uuid:pk>/twin/", release.charter_twin, name="charter-twin"),
    path(f"{CHARTER}/<uuid:pk>/hold/", release.charter_hold, name="charter-hold"),
    path("s/<str:study_code>/truth/", truth.truth_list, name="truth"),
    path("s/<str:study_code>/truth/<uuid:pk>/", truth.truth_record, name="truth-record"),
    path("s/<str:study_code>/truth/<uuid:pk>/save/", truth.truth_save, name="truth-save"),
    path("s/<str:study_code>/truth/<uuid:pk>/sign/", truth.truth_sign, name="truth-sign"),
    path("s/<str:study_code>/truth/of/<uuid:pk>/", truth.truth_open, name="truth-open"),
    path(f"{ECRF}/", designer.ecrf_list, name="ecrf-list"),
    path(f"{ECRF}/begin/", designer.ecrf_begin, name="ecrf-begin"),
    path(f"{ECRF}/<uuid:pk>/", designer.ecrf_designer, name="ecrf-designer"),
    path(f"{ECRF}/<uuid:pk>/change/", designer.ecrf_change, name="ecrf-change"),
    path(f"{ECRF}/<uuid:pk>/preview/", designer.ecrf_preview, name="ecrf-preview"),
    path(f"{ECRF}/<uuid:pk>/annotated.pdf", designer.ecrf_annotated, name="ecrf-annotated"),
    path(f"{ECRF}/<uuid:pk>/ecrf.<str:kind>", designer.ecrf_file, name="ecrf-file"),
    path(f"{READERS}/", readers.reader_list, name="reader-list"),
    path(f"{READERS}/enter/", readers.reader_enter, name="reader-enter"),
    path(f"{READERS}/planner/", planner.reader_planner, name="reader-planner"),
    path(f"{READERS}/onboarding/", onboarding.onboarding_board, name="onboarding-board"),
    path(f"{READERS}/onboarding/invite/", onboarding.onboarding_invite, name="onboarding-invite"),
    path(
        f"{READERS}/onboarding/advance/", onboarding.onboarding_advance, name="onboarding-advance"
    ),
    path(f"{READERS}/onboarding/<uuid:pk>/", onboarding.onboarding_act, name="onboarding-act"),
    path(f"{READERS}/planner/invite/", planner.reader_invite_many, name="reader-invite-many"),
    path(
        f"{READERS}/onboarding/retrain/", onboarding.onboarding_retrain, name="onboarding-retrain"
    ),
    path(f"{READERS}/me/", training.reader_home, name="reader-home"),
    path(f"{READERS}/me/sign/", training.reader_commit, name="reader-commit"),
    path(f"{READERS}/assignment/", assignment.reader_assignment, name="reader-assignment"),
    path(f"{READERS}/assignment/draw/", assignment.reader_assign_all, name="reader-assign-all"),
    path(f"{READERS}/assignment/transfer/", assignment.reader_transfer, name="reader-transfer"),
    path(f"{READERS}/care/", care.care_list, name="care-list"),
    path(f"{READERS}/escalations/<uuid:pk>/", escalations.escalation_page, name="escalation-page"),
    path(
        f"{READERS}/escalations/<uuid:pk>/act/", escalations.escalation_act, name="escalation-act"
    ),
    path(f"{READERS}/meetings/", meetings.meeting_list, name="meeting-list"),
    path(f"{READERS}/meetings/plan/", meetings.meeting_plan, name="meeting-plan"),
    path(f"{READERS}/meetings/<uuid:pk>/", meetings.meeting_page, name="meeting-page"),
    path(f"{READERS}/meetings/<uuid:pk>/act/", meetings.meeting_act, name="meeting-act"),
    path(f"{READERS}/<uuid:pk>/care/", care.reader_care, name="reader-care"),
    path(f"{READERS}/<uuid:pk>/care/act/", care.reader_care_act, name="reader-care-act"),
    path(f"{READERS}/fees/", fees.fee_list, name="fee-list"),
    path(f"{READERS}/<uuid:pk>/fees/draw/", fees.fee_draw, name="fee-draw"),
    path(f"{FEES}/", fees.fee_page, name="fee-page"),
    path(f"{FEES}/sign/", fees.fee_sign, name="fee-sign"),
    path(f"{FEES}/withdraw/", fees.fee_withdraw, name="fee-withdraw"),
    path(f"{FEES}/fees.csv", fees.fee_csv, name="fee-csv"),
    path(f"{FEES}/fees.pdf", fees.fee_pdf, name="fee-pdf"),
    path(f"{TRAINING}/", training.training_page, name="training"),
    path(f"{TRAINING}/make/", schooling.training_make, name="training-make"),
    path(f"{TRAINING}/act/", training.training_act, name="training-act"),
    path(f"{TRAINING}/cases/", training.training_case_add, name="training-case-add"),
    path(f"{TRAINING}/cases/<uuid:pk>/", training.training_case, name="training-case"),
    path(f"{TRAINING}/cases/<uuid:pk>/act/", training.training_case_act, name="training-case-act"),
    path(
        f"{TRAINING}/cases/<uuid:pk>/sign/",
        training.training_case_sign,
        name="training-case-sign",
    ),
    path(f"{TRAINING}/attempts/<uuid:pk>/", training.training_attempt, name="training-attempt"),
    path(f"{TRAINING}/marks/<uuid:pk>/", training.training_feedback, name="training-feedback"),
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
