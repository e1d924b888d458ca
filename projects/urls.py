"""Addresses of homes and of running a study."""

from __future__ import annotations

from django.urls import path

from projects.views import (
    configuration,
    home,
    invitation,
    jobs,
    matrix,
    overview,
    people,
    plan,
    profile,
    search,
    subjects,
    system,
    timepoints,
    trail,
    users,
    visits,
)

PERSON = [
    path("", home.home, name="home"),
    path("notices/", home.notices, name="notices"),
    path("notices/<int:pk>/read/", home.read_notice, name="notice-read"),
    path("session/extend/", home.session_extend, name="session-extend"),
    path("account/profile/", profile.profile, name="profile"),
    path("account/profile/change/", profile.change, name="profile-change"),
    path("account/sessions/end/", profile.end_other_sessions, name="sessions-end"),
    path("account/menu/", profile.fold_menu, name="menu-fold"),
    path("account/tokens/", profile.issue_token, name="token-issue"),
    path("account/tokens/<uuid:pk>/revoke/", profile.revoke_token, name="token-revoke"),
    path("invitation/<str:secret>/", invitation.accept, name="invitation-accept"),
    path("search/", search.search, name="search"),
    path("jobs/<uuid:pk>/", jobs.job_card, name="job-card"),
]

ADMINISTRATION = [
    path("admin/users/", users.user_list, name="user-list"),
    path("admin/users/invite/", users.invite_administrator, name="administrator-invite"),
    path("admin/users/<uuid:pk>/", users.user_page, name="user-page"),
    path("admin/users/<uuid:pk>/activity/", users.set_active, name="user-activity"),
    path("admin/users/<uuid:pk>/identity/", users.verify_identity, name="user-identity"),
    path(
        "admin/users/<uuid:pk>/second-factor/",
        users.reset_second_factor,
        name="user-second-factor-reset",
    ),
    path("admin/users/<uuid:pk>/sessions/", users.end_sessions, name="user-sessions-end"),
    path("admin/system/", system.system_page, name="system-page"),
    path("admin/system/verify/", system.verify_chain, name="chain-verify"),
    path("admin/system/sweep/", system.start_sweep, name="sweep-start"),
    path("admin/jobs/<uuid:pk>/retry/", jobs.retry_job, name="job-retry"),
    path("admin/jobs/<uuid:pk>/cancel/", jobs.cancel_job, name="job-cancel"),
]

STUDY = [
    path("s/<str:study_code>/", home.study_entry, name="study-entry"),
    path("s/<str:study_code>/overview/", overview.overview, name="study-overview"),
    path("s/<str:study_code>/time-points/", matrix.matrix_page, name="matrix"),
    path(
        "s/<str:study_code>/time-points/<uuid:pk>/", timepoints.time_point_page, name="time-point"
    ),
    path(
        "s/<str:study_code>/time-points/<uuid:pk>/not-done/",
        timepoints.declare_not_done,
        name="time-point-not-done",
    ),
    path(
        "s/<str:study_code>/time-points/<uuid:pk>/expect-again/",
        timepoints.expect_again,
        name="time-point-expect",
    ),
    path("s/<str:study_code>/subjects/", subjects.subject_list, name="subject-list"),
    path("s/<str:study_code>/subjects/register/", subjects.register, name="subject-register"),
    path("s/<str:study_code>/subjects/<uuid:pk>/", subjects.subject_page, name="subject"),
    path("s/<str:study_code>/subjects/<uuid:pk>/step/", subjects.take_step, name="subject-step"),
    path(
        "s/<str:study_code>/anchors/<uuid:pk>/correct/",
        subjects.correct_anchor,
        name="anchor-correct",
    ),
    path("s/<str:study_code>/people/", people.people, name="people"),
    path("s/<str:study_code>/people/invite/", people.invite, name="people-invite"),
    path("s/<str:study_code>/people/<uuid:pk>/end/", people.end_role, name="people-end"),
    path("s/<str:study_code>/configuration/", configuration.listing, name="configuration-list"),
    path(
        "s/<str:study_code>/configuration/<uuid:pk>/",
        configuration.page,
        name="configuration-page",
    ),
    path(
        "s/<str:study_code>/configuration/<uuid:pk>/document.json",
        configuration.download,
        name="configuration-download",
    ),
    path(
        "s/<str:study_code>/configuration/<uuid:pk>/step/",
        configuration.take_step,
        name="configuration-step",
    ),
    path(
        "s/<str:study_code>/configuration/<uuid:pk>/approve/",
        configuration.approve,
        name="configuration-approve",
    ),
    path("s/<str:study_code>/plan/", plan.holding, name="plan"),
    path("s/<str:study_code>/plan/draft/", plan.start, name="plan-draft"),
    path("s/<str:study_code>/plan/import/", plan.import_text, name="plan-import"),
    path("s/<str:study_code>/plan/<uuid:pk>/", plan.version, name="plan-version"),
    path("s/<str:study_code>/plan/<uuid:pk>/edit/", plan.edit, name="plan-edit"),
    path("s/<str:study_code>/plan/<uuid:pk>/plan.yaml", plan.export, name="plan-export"),
    path("s/<str:study_code>/trail/", trail.trail, name="study-trail"),
    path("s/<str:study_code>/visits/", visits.visit_listing, name="visit-listing"),
]

urlpatterns = [*PERSON, *ADMINISTRATION, *STUDY]
