# One file, two images on one base:
#   docker build -t data_engineering_project .             serves: api, worker, titanic; the default
#   docker build --target training -t titanic-training .   the same and `train`, with scikit-learn
#
# What is here builds with BuildKit and with the classic builder, hence no RUN --mount.
FROM python:3.13-slim AS python

FROM python AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements/build.txt requirements/serving.txt requirements/
RUN python3 -m venv /build \
    && /build/bin/pip install --quiet --require-hashes --requirement requirements/build.txt \
    && python3 -m venv --without-pip /opt/titanic \
    && /build/bin/pip --python /opt/titanic/bin/python install --quiet --require-hashes \
        --requirement requirements/serving.txt

FROM build AS training-build
COPY requirements/training.txt requirements/
RUN /build/bin/pip --python /opt/titanic/bin/python install --quiet --require-hashes \
        --requirement requirements/training.txt

# Below a root of its own, so that it is a layer of its own, and the large one below it stays as it
# is while only the code changes.
FROM build AS project
COPY . .
RUN /build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /build/bin/pip --python /opt/titanic/bin/python install --quiet --no-deps --root /project \
        /wheel/*.whl

FROM training-build AS fit
COPY --from=project /project/opt/titanic /opt/titanic
RUN /opt/titanic/bin/titanic train --releases /releases

# By itself, so that a build for several platforms can be given one release for all of them:
# docker buildx build --build-context trained=FOLDER
FROM scratch AS trained
COPY --from=fit /releases /releases

FROM python AS base
LABEL org.opencontainers.image.title="titanic-stream-scorer" \
      org.opencontainers.image.description="A model on Kafka: passengers in, predictions out, exactly once" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin titanic
COPY deploy/image /opt/titanic-image
# The root file system may be read-only: nothing is written but below TMPDIR.
# Every container has its own /dev/shm, read-only or not.
ENV PATH=/opt/titanic-image:/opt/titanic/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/dev/shm \
    XDG_STATE_HOME=/dev/shm \
    TITANIC_RELEASES=/var/lib/titanic/releases \
    TITANIC_WEB_HOST=0.0.0.0 \
    TITANIC_WEB_PORT=80
WORKDIR /var/lib/titanic
EXPOSE 80
USER 10001:10001
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s CMD ["healthy"]

FROM base AS training
COPY --from=training-build /opt/titanic /opt/titanic
COPY --from=project /project/opt/titanic /opt/titanic
COPY --from=trained --chown=10001:10001 /releases /var/lib/titanic/releases
CMD ["train"]

FROM base AS serving
COPY --from=build /opt/titanic /opt/titanic
COPY --from=project /project/opt/titanic /opt/titanic
COPY --from=trained --chown=10001:10001 /releases /var/lib/titanic/releases
CMD ["api"]
