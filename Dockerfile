# What docker-compose.yaml and the Helm chart run: Airflow, the locked requirements, our folders.
#
# The slim image holds Airflow and nothing that we would have to fit in with; everything else comes
# from the lock, with hashes. For Astro see docs/deploying.md. To pin by digest:
#   --build-arg AIRFLOW_IMAGE=apache/airflow:slim-3.3.2-python3.12@sha256:...
ARG AIRFLOW_IMAGE=apache/airflow:slim-3.3.2-python3.12
FROM ${AIRFLOW_IMAGE}

# requirements/astro.txt for Astro's runtime, which brings Airflow and nearly everything else.
ARG REQUIREMENTS=requirements-cluster.txt
# The image's user and group, by number because their names differ from base to base.
ARG OWNER=50000:0

COPY --chown=${OWNER} ${REQUIREMENTS} ${AIRFLOW_HOME}/requirements.txt
RUN pip install --no-cache-dir --require-hashes --requirement ${AIRFLOW_HOME}/requirements.txt

COPY --chown=${OWNER} dags ${AIRFLOW_HOME}/dags
COPY --chown=${OWNER} plugins ${AIRFLOW_HOME}/plugins
COPY --chown=${OWNER} include ${AIRFLOW_HOME}/include

ENV PYTHONPATH=${AIRFLOW_HOME}/include
# Compiled once here, not again by each task. The empty file keeps Airflow from writing one of its
# own, into which it would put the secrets of its environment. Logs: a new volume takes its owner.
RUN python -m compileall -q ${AIRFLOW_HOME}/include ${AIRFLOW_HOME}/plugins \
    && touch ${AIRFLOW_HOME}/airflow.cfg \
    && mkdir -p ${AIRFLOW_HOME}/logs
