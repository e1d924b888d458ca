"""Addresses of queries."""

from __future__ import annotations

from django.urls import path

from queries.views import listing, page, raising

QUERIES = "s/<str:study_code>/queries/"
QUERY = QUERIES + "<uuid:pk>/"

urlpatterns = [
    path(QUERIES, listing.query_list, name="query-list"),
    path(QUERIES + "new/", raising.query_new, name="query-new"),
    path(QUERY, page.query_page, name="query-page"),
    path(QUERY + "answer/", page.query_answer, name="query-answer"),
    path(QUERY + "say/", page.query_say, name="query-say"),
    path(QUERY + "ask-again/", page.query_ask_again, name="query-ask-again"),
    path(QUERY + "close/", page.query_close, name="query-close"),
    path(QUERY + "cancel/", page.query_cancel, name="query-cancel"),
]
