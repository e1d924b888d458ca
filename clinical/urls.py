"""Addresses of dossiers: the desk, one dossier, its documents, the definition, files."""

from __future__ import annotations

from django.urls import path

from clinical.views import definition, desk, discrepancy, dossier, imports, papers, reconciliation

DESK = "s/<str:study_code>/dossiers/"
ONE = DESK + "<uuid:pk>/"
DOCUMENT = DESK + "documents/<uuid:pk>/"
DEFINITION = DESK + "definition/"
VERSION = DEFINITION + "<uuid:pk>/"
FILES = DESK + "files/"
FILE = FILES + "<uuid:pk>/"

RECONCILIATION = "s/<str:study_code>/reconciliation/"
EXTRACT = RECONCILIATION + "<uuid:pk>/"
DIFFERENCE = RECONCILIATION + "differences/<uuid:pk>/"

urlpatterns = [
    path(DESK, desk.desk_page, name="dossier-desk"),
    path(DESK + "request/", desk.request_dossiers, name="dossier-request"),
    path(ONE, dossier.page, name="dossier"),
    path(ONE + "chase/", dossier.chase, name="dossier-chase"),
    path(ONE + "ask/", dossier.ask, name="dossier-ask"),
    path(ONE + "item/", dossier.enter, name="dossier-enter"),
    path(ONE + "document/", dossier.attach, name="dossier-attach"),
    path(ONE + "receive/", dossier.receive, name="dossier-receive"),
    path(ONE + "reconcile/", dossier.reconcile, name="dossier-reconcile"),
    path(ONE + "approve/", dossier.approve, name="dossier-approve"),
    path(ONE + "apply/", dossier.apply, name="dossier-apply"),
    path(ONE + "send-back/", dossier.refuse, name="dossier-refuse"),
    path(ONE + "cancel/", dossier.cancel, name="dossier-cancel"),
    path(ONE + "next/", dossier.next_version, name="dossier-next"),
    path(DOCUMENT, papers.screen, name="dossier-document"),
    path(DOCUMENT + "copy.pdf", papers.copy, name="dossier-document-copy"),
    path(DOCUMENT + "pages/<str:sha256>/", papers.page, name="dossier-document-page"),
    path(DOCUMENT + "redact/", papers.redact, name="dossier-document-redact"),
    path(DOCUMENT + "release/", papers.release, name="dossier-document-release"),
    path(DOCUMENT + "refuse/", papers.refuse, name="dossier-document-refuse"),
    path(DOCUMENT + "take-back/", papers.take_back, name="dossier-document-take-back"),
    path(DOCUMENT + "remove/", papers.remove, name="dossier-document-remove"),
    path(DEFINITION, definition.holding, name="dossier-definition"),
    path(DEFINITION + "draft/", definition.start, name="dossier-definition-draft"),
    path(DEFINITION + "import/", definition.import_text, name="dossier-definition-import"),
    path(VERSION, definition.version, name="dossier-definition-version"),
    path(VERSION + "item/", definition.save_item, name="dossier-definition-item"),
    path(VERSION + "remove/", definition.remove_item, name="dossier-definition-item-remove"),
    path(VERSION + "validate/", definition.validate, name="dossier-definition-validate"),
    path(VERSION + "compare/", definition.compare, name="dossier-definition-compare"),
    path(VERSION + "definition.yaml", definition.export, name="dossier-definition-export"),
    path(FILES, imports.listing, name="dossier-imports"),
    path(FILES + "template.csv", imports.template, name="dossier-import-template"),
    path(FILES + "read-in/", imports.read_in, name="dossier-import-read-in"),
    path(FILE, imports.page, name="dossier-import"),
    path(FILE + "job/", imports.job_card, name="dossier-import-job"),
    path(FILE + "check/", imports.check, name="dossier-import-check"),
    path(FILE + "take-over/", imports.take_over, name="dossier-import-take-over"),
    path(FILE + "discard/", imports.discard, name="dossier-import-discard"),
    path(RECONCILIATION, reconciliation.listing, name="reconciliation-list"),
    path(RECONCILIATION + "read-in/", reconciliation.read_in, name="reconciliation-read-in"),
    path(EXTRACT, reconciliation.page, name="reconciliation"),
    path(EXTRACT + "map/", reconciliation.map_columns, name="reconciliation-map"),
    path(EXTRACT + "compare/", reconciliation.compare, name="reconciliation-compare"),
    path(EXTRACT + "settle/", reconciliation.settle, name="reconciliation-settle"),
    path(EXTRACT + "close/", reconciliation.close, name="reconciliation-close"),
    path(EXTRACT + "discard/", reconciliation.discard, name="reconciliation-discard"),
    path(DIFFERENCE, discrepancy.page, name="discrepancy"),
    path(DIFFERENCE + "ask/", discrepancy.ask, name="discrepancy-ask"),
    path(DIFFERENCE + "settle/", discrepancy.settle, name="discrepancy-settle"),
    path(DIFFERENCE + "take-back/", discrepancy.take_back, name="discrepancy-take-back"),
]
