# syntax=docker/dockerfile:1
# Two images: `services` is the gateway and the workers, `localaws` the embedded AWS and Rekognition.
#
# The base is a tag by default. A release pins it by digest:
#   docker build --build-arg PYTHON_IMAGE=python:3.12-slim-bookworm@sha256:... --target services .
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS installer
WORKDIR /build
COPY requirements/uv.lock requirements/uv.lock
RUN python -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir --require-hashes -r requirements/uv.lock

FROM installer AS services-environment
COPY requirements/services.lock requirements/services.lock
# wheels alone: a compiler would be needed for anything else
RUN python -m venv --without-pip /opt/facegate && \
    /opt/uv/bin/uv pip install --no-cache --python /opt/facegate --require-hashes --only-binary :all: \
      --compile-bytecode -r requirements/services.lock

FROM installer AS localaws-environment
COPY requirements/localaws.lock requirements/localaws.lock
RUN python -m venv --without-pip /opt/facegate && \
    /opt/uv/bin/uv pip install --no-cache --python /opt/facegate --require-hashes --only-binary :all: \
      --compile-bytecode -r requirements/localaws.lock

# npm fetches the models, and stays out of the image
FROM localaws-environment AS models
COPY requirements/nodejs.lock requirements/nodejs.lock
RUN /opt/uv/bin/uv pip install --no-cache --python /opt/facegate --require-hashes -r requirements/nodejs.lock
COPY localaws/ localaws/
RUN /opt/facegate/bin/python -m localaws.rekognition prepare --pack-dir /opt/models/default

FROM models AS pages
COPY assets/ assets/
RUN mkdir -p services/gateway/static && /opt/facegate/bin/python -m assets --pack-dir /opt/models/default

FROM ${PYTHON_IMAGE} AS base
RUN useradd --uid 10001 --user-group --home-dir /var/lib/facegate --create-home --shell /usr/sbin/nologin facegate
ENV PATH=/opt/facegate/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/app
WORKDIR /app

FROM base AS services
COPY --from=services-environment /opt/facegate /opt/facegate
COPY services/ services/
COPY --from=pages /build/services/gateway/static/vendor services/gateway/static/vendor
USER 10001:10001
ENV FACEGATE_GATEWAY_BIND=0.0.0.0:8000 FACEGATE_HEARTBEAT_FILE=/tmp/heartbeat
EXPOSE 8000
# the gateway by default; the workers replace it, and look at their heartbeat instead
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["python", "-m", "gunicorn", "-c", "services/gateway/gunicorn.conf.py"]

FROM base AS localaws
COPY --from=localaws-environment /opt/facegate /opt/facegate
COPY --from=models /opt/models /opt/models
COPY localaws/ localaws/
COPY infra/ infra/
COPY lambda/ lambda/
USER 10001:10001
ENV FACEGATE_HOME=/var/lib/facegate FACEGATE_MODELS=/opt/models
VOLUME /var/lib/facegate
EXPOSE 4566 4577
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-m", "localaws", "--check"]
CMD ["python", "-m", "localaws", "--host", "0.0.0.0", "--name", "localaws"]
