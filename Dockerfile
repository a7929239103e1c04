# syntax=docker/dockerfile:1
# Two stages: one that builds, and one that has only what runs.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
# The locks alone first: as long as they stay, so does this layer.
COPY requirements/runtime.lock requirements/build.lock ./requirements/
RUN python -m venv /opt/newsletter && /opt/newsletter/bin/pip install --require-hashes --requirement requirements/runtime.lock
RUN python -m venv /opt/build && /opt/build/bin/pip install --require-hashes --requirement requirements/build.lock
COPY pyproject.toml README.md LICENSE ./
COPY templates ./templates
COPY subscribers ./subscribers
COPY newsletter ./newsletter
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .
RUN /opt/newsletter/bin/pip install --no-deps --no-index --find-links /wheels newsletter

FROM python:3.13-slim
# Fewer and larger memory maps: asyncio's read buffers are otherwise mapped anew for every read.
ENV PATH=/opt/newsletter/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MALLOC_MMAP_THRESHOLD_=4194304 \
    MALLOC_TRIM_THRESHOLD_=16777216 \
    MALLOC_TOP_PAD_=1048576 \
    NEWSLETTER_LISTEN=0.0.0.0:8080 \
    NEWSLETTER_DATABASE_URL=sqlite:////data/newsletter.db
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin newsletter \
    && install --directory --owner newsletter --mode 0700 /data
COPY --from=build /opt/newsletter /opt/newsletter
USER newsletter
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["newsletter"]
CMD ["serve"]
