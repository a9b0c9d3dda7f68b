# The image of web, worker, beat, migrate and sandbox; docker-compose.yml says which is which.
FROM python:3.13-slim

ENV LEDGERPORT_ENV=production \
    LEDGERPORT_STATIC_ROOT=/app/staticfiles \
    PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never

WORKDIR /app
RUN pip install --no-cache-dir uv
COPY pyproject.toml uv.lock .python-version ./
# What an operator may add, such as "--extra traces": see docs/operate.md.
ARG EXTRAS=
RUN uv sync --locked --no-dev --no-cache $EXTRAS
COPY . .

# Settings refuse to load without keys; these serve only to gather the static files.
RUN LEDGERPORT_BASE_URL=https://build.invalid LEDGERPORT_SECRET_KEY=only-while-building \
    LEDGERPORT_ENCRYPTION_KEYS="build:$(head -c 32 /dev/urandom | base64)" \
    DATABASE_URL=postgresql://build.invalid/build REDIS_URL=redis://build.invalid \
    python manage.py collectstatic --no-input --verbosity 0

RUN useradd --system --home-dir /var/lib/ledgerport --create-home ledgerport
USER ledgerport
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "portal.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--timeout-graceful-shutdown", "10", "--no-proxy-headers", "--log-level", "warning", "--no-access-log"]
