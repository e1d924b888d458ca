"""Addresses of data cuts, and of lists that leave as files."""

from __future__ import annotations

from django.urls import path

from exports.views import acts, lists, page

CUTS = "s/<str:study_code>/cuts/"
CUT = CUTS + "<uuid:pk>/"

urlpatterns = [
    path("s/<str:study_code>/queries.csv", lists.query_list_csv, name="query-list-csv"),
    path(CUTS, lists.cut_list, name="cut-list"),
    path(CUTS + "plan/", acts.cut_plan, name="cut-plan"),
    path(CUT, page.cut_page, name="cut-page"),
    path(CUT + "job/", page.cut_job, name="cut-job"),
    path(CUT + "cleaning/", acts.cut_cleaning, name="cut-cleaning"),
    path(CUT + "freeze/", acts.cut_freeze, name="cut-freeze"),
    path(CUT + "release/", acts.cut_release, name="cut-release"),
    path(CUT + "receipt/", acts.cut_acknowledge, name="cut-acknowledge"),
    path(CUT + "verify/", acts.cut_verify, name="cut-verify"),
    path(CUT + "difference/", page.cut_difference, name="cut-difference"),
    path(CUT + "files/<str:name>", page.cut_file, name="cut-file"),
]
