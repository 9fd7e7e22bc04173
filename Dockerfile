# Antiphon with all its extras: PostgreSQL, Redis, Google's service accounts. Nothing in it compiles or installs anything.
#   docker build --tag antiphon .
# Every package is pinned by its hash. The base is named by its tag; pin what your registry holds:
#   docker build --build-arg PYTHON=3.14-slim-trixie@sha256:… .
ARG PYTHON=3.14-slim-trixie

FROM python:${PYTHON} AS filled
WORKDIR /source
COPY constraints/container.txt constraints/build.txt constraints/
COPY tools/venv.sh tools/
COPY pyproject.toml README.md LICENSE ./
COPY antiphon antiphon
RUN PROJECT=copy PYTHON=python tools/venv.sh /opt/antiphon constraints/container.txt

FROM python:${PYTHON}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Antiphon" \
      org.opencontainers.image.description="An AI gateway: a durable, resumable /v1/responses over any model." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# A number, so that Kubernetes can see that it is not root; a name too, since some libraries ask for one.
RUN python -m pip uninstall --yes --quiet --root-user-action=ignore pip \
    && rm -rf /usr/local/lib/python3.*/ensurepip \
    && groupadd --gid 10001 antiphon \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/antiphon --shell /usr/sbin/nologin antiphon \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/antiphon \
    && install --directory --mode=0755 /etc/antiphon

COPY --from=filled /opt/antiphon /opt/antiphon
COPY --from=filled /source/LICENSE /opt/antiphon/LICENSE

ENV PATH=/opt/antiphon/bin:$PATH \
    ANTIPHON_HOST=0.0.0.0 \
    XDG_DATA_HOME=/var/lib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# antiphon.yaml is read from here, if it is there; what is kept without PostgreSQL is in the volume.
# Nothing else is written: the rest may be read-only.
WORKDIR /etc/antiphon
VOLUME ["/var/lib/antiphon"]
EXPOSE 8080
USER 10001:10001

# Running answers may go on for server.shutdown_seconds (30): allow 45, as in `docker stop --timeout 45`.
STOPSIGNAL SIGTERM
# With the address no configuration is read, which takes a third of the time. Where it serves at another port or speaks
# TLS: `docker run --health-cmd 'antiphon health'`.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["antiphon", "health", "--url", "http://127.0.0.1:8080"]
ENTRYPOINT ["antiphon"]
CMD ["serve"]
