import threading, time, mimetypes
from http.server import ThreadingHTTPServer, BaseHTTPRequestHandler
from pathlib import Path
import http.client
import pydicom, pytest
from django.test import Client
from audit.actors import acting
from imaging.dicomweb.indexing import index_series
from imaging.models import Series, SeriesTimePoint
from studies.scoping import scope
from tests.imaging.dicomweb.archive_world import empty_series, keep, bytes_of
from tests.reads.read_world import make_read_study
from tests.world import BUILDER
pytestmark = pytest.mark.django_db(transaction=True)
DIST = Path("/tmp/team/rq/ohif/package/dist")
CORPUS = Path("/work/shared/corpus")
OUT = "/tmp/team/rq/shots/"
LOG = open("/tmp/team/rq/ohif.log", "w")
CONFIG = """window.config = { routerBasename: '/', extensions: [], modes: [], showStudyList: true,
 maxNumberOfWebWorkers: 1, showLoadingIndicator: true, showWarningMessageForCrossOrigin: false, showCPUFallbackMessage: false,
 investigationalUseDialog: {option:'never'},
 useSharedArrayBuffer: 'FALSE', defaultDataSourceName: 'dicomweb',
 dataSources: [{ namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'dicomweb', configuration: {
 friendlyName: 'icro', name: 'icro', qidoRoot: '/dicomweb/ALPHA', wadoRoot: '/dicomweb/ALPHA', qidoSupportsIncludeField: true,
 imageRendering: 'wadors', thumbnailRendering: 'wadors', enableStudyLazyLoad: true, supportsFuzzyMatching: true, supportsWildcard: true,
 omitQuotationForMultipartRequest: true, bulkDataURI: { enabled: true } } }] };"""

def proxy(port):
    class H(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def log_message(self, *a): pass
        def do_GET(self):
            path = self.path
            if path.startswith("/dicomweb/"):
                c = http.client.HTTPConnection("localhost", port)
                c.request("GET", path, headers={k: v for k, v in self.headers.items() if k.lower() != "connection"})
                r = c.getresponse(); body = r.read()
                LOG.write(f"{r.status} {len(body)} {path} | {self.headers.get('Accept')} -> {r.getheader('Content-Type')}\n"); LOG.flush()
                if r.status >= 400: LOG.write("   " + body[:300].decode("utf8", "replace") + "\n")
                self.send_response(r.status)
                for k, v in r.getheaders():
                    if k.lower() not in ("transfer-encoding", "content-length", "connection"): self.send_header(k, v)
                self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body); return
            name = path.split("?")[0].lstrip("/")
            if name == "app-config.js": body, kind = CONFIG.encode(), "text/javascript"
            else:
                f = DIST / name
                if not f.is_file(): f = DIST / "index.html"
                body, kind = f.read_bytes(), mimetypes.guess_type(f.name)[0] or "application/octet-stream"
            self.send_response(200); self.send_header("Content-Type", kind); self.send_header("Content-Length", str(len(body)))
            self.end_headers(); self.wfile.write(body)
        do_HEAD = do_GET
    s = ThreadingHTTPServer(("localhost", 0), H); s.daemon_threads = True
    threading.Thread(target=s.serve_forever, daemon=True).start()
    return s

def fill(row, files):
    for n, f in enumerate(files, 1):
        ds = pydicom.dcmread(f)
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = row.imaging_study.uid, row.uid, f"{row.uid}.{n}"
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.PatientID = ds.PatientName = "101-001"
        for name in ("StudyDate",): ds.setdefault(name, "20240305")
        keep(row, bytes_of(ds), uid=ds.SOPInstanceUID, number=n)
    row.modality = ds.Modality
    row.save(); index_series(row)

def also(row, time_point):
    made = Series(study=row.study, imaging_study=row.imaging_study, submission=row.submission, uid=f"{row.uid[:-2]}.2", original_key="2"*64, modality="PT", description="PET", number=3)
    made.save(); SeriesTimePoint(study=row.study, series=made, time_point=time_point).save(); return made

def test_ohif(live_server, browser):
    world = make_read_study()
    rows = {}
    with scope(world.study), acting(BUILDER):
        points = world.time_points(world.subjects[0])
        nema = sorted((CORPUS/"series/petct_nema_synthetic").rglob("*")); nema = [f for f in nema if f.is_file()]
        by = {}
        for f in nema:
            by.setdefault(pydicom.dcmread(f, stop_before_pixels=True).Modality, []).append(f)
        rows["ct"] = empty_series(world, points[0]); fill(rows["ct"], by["CT"])
        rows["pt"] = also(rows["ct"], points[0]); fill(rows["pt"], by["PT"])
        rows["mr"] = empty_series(world, points[1]); fill(rows["mr"], sorted((CORPUS/"series/mr_pacsman_128").iterdir())[:40])
        rows["j2k"] = empty_series(world, points[2]); fill(rows["j2k"], [CORPUS/"compressed/CT1_J2KI"])
        more = world.time_points(world.subjects[1])
        rows["us"] = empty_series(world, more[0]); fill(rows["us"], [CORPUS/"us/examples_ybr_color.dcm"])
        rows["jls"] = empty_series(world, more[1]); fill(rows["jls"], [CORPUS/"compressed/CT2_JLSN"])
    client = Client(); client.force_login(world.users["image_operations"], backend="allauth.account.auth_backends.AuthenticationBackend")
    s = proxy(int(live_server.url.rsplit(":", 1)[1])); url = f"http://localhost:{s.server_port}"
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": k, "value": v.value, "url": url} for k, v in client.cookies.items()])
    page = context.new_page()
    page.on("console", lambda m: (LOG.write(f"console {m.type} {m.text[:300]}\n"), LOG.flush()) if m.type in ("error","warning") else None)
    page.on("pageerror", lambda e: LOG.write(f"pageerror {e}\n"))
    page.set_default_timeout(90000)
    page.goto("/"); page.wait_for_timeout(12000); page.screenshot(path=OUT+"ohif-list.png")
    for name in ("ct", "mr", "j2k", "us", "jls"):
        LOG.write(f"=== {name}\n")
        page.goto(f"/viewer?StudyInstanceUIDs={rows[name].imaging_study.uid}")
        try:
            page.wait_for_selector(".cornerstone-canvas, canvas", timeout=60000)
        except Exception as e: LOG.write(f"no canvas {e}\n")
        page.wait_for_timeout(9000); page.screenshot(path=OUT+f"ohif-{name}.png")
    context.close(); s.shutdown()
