# The production image, with the same locked packages as everywhere. Set DATABASE_URL, SECRET_KEY, ALLOWED_HOSTS, and
# SITE_URL (docs/operations.md). Run `docker run ... python manage.py migrate` before the first start and each release.
FROM python:3.13-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PATH=/app/.venv/bin:$PATH \
    DATA_DIR=/app/.data \
    STATIC_ROOT=/app/static-collected \
    BIND=0.0.0.0

WORKDIR /app

# Pillow needs libfribidi0 to shape complex scripts on share images (comparisons/pictures/lettering.py), and backups need
# pg_dump. The Debian release pins their versions: PostgreSQL 15's programs read servers up to that release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libfribidi0 postgresql-client \
    && rm -rf /var/lib/apt/lists/*

# Or `sentry`: the same, and what SENTRY_DSN needs.
ARG REQUIREMENTS=production
COPY requirements/uv.txt requirements/${REQUIREMENTS}.txt requirements/
RUN python -m venv /tmp/uv \
    && /tmp/uv/bin/pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
    && /tmp/uv/bin/uv venv .venv \
    && /tmp/uv/bin/uv pip sync --no-cache --require-hashes requirements/${REQUIREMENTS}.txt \
    && rm -rf /tmp/uv

COPY . .
RUN useradd --system --uid 10001 --no-create-home shipside \
    && SECRET_KEY=only-to-collect ALLOWED_HOSTS=only-to-collect python manage.py collectstatic --no-input \
    && install -d -o shipside .data

USER 10001
EXPOSE 8000
# Whether the server answers, wherever BIND and PORT say that it listens. Load balancers ask /readyz instead. A container that runs a worker has no port to ask:
# start it with --no-healthcheck.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-m", "config.healthcheck"]
# The same image runs mail workers: `docker run ... python manage.py worker`, one or more beside the server.
CMD ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
