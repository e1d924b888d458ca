# Three stages: the front end, the Python packages, and an image with neither compiler nor Node.
FROM node:24-slim AS frontend
WORKDIR /build/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci
COPY frontend/ ./
RUN npm run build

FROM python:3.12-slim AS packages
RUN pip install --no-cache-dir uv && python -m venv /opt/venv
COPY requirements/runtime.txt /tmp/runtime.txt
RUN uv pip sync --python /opt/venv/bin/python --require-hashes --compile-bytecode /tmp/runtime.txt

FROM python:3.12-slim
RUN groupadd --gid 10001 icro \
    && useradd --uid 10001 --gid icro --no-create-home --home-dir /app icro \
    && install --directory --owner=icro --group=icro /srv/icro/data /srv/icro/keys /srv/icro/static
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=icro.settings \
    ICRO_ENV=production \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/srv/icro/data \
    KEYS_DIR=/srv/icro/keys \
    STATIC_ROOT=/srv/icro/static
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY . .
COPY --from=frontend /build/ui/static/ui ui/static/ui
USER icro
# Gathering needs no database and no secret, so it runs with the settings of the demonstration.
RUN ICRO_ENV=demo python -m icro.processes static
VOLUME ["/srv/icro/data", "/srv/icro/keys"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s CMD ["python", "-m", "icro.probe"]
CMD ["python", "-m", "icro.processes", "web"]
