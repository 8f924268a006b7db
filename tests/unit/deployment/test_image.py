"""The image: locked requirements and our folders, nothing of a workplace."""

from __future__ import annotations

import re

from tests.airflow_settings import PROJECT

DOCKERFILE = (PROJECT / "Dockerfile").read_text()


def test_what_is_installed_has_hashes() -> None:
    (lock,) = re.findall(r"(?m)^ARG REQUIREMENTS=(\S+)$", DOCKERFILE)
    text = (PROJECT / lock).read_text()
    pins = re.findall(r"(?m)^[A-Za-z0-9][^ ]*==", text)
    assert len(pins) > 100
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if "==" in block.split("\n")[0]:
            assert "--hash=sha256:" in block, block.split("\n")[0]
    assert "--require-hashes" in DOCKERFILE
    assert {"apache-airflow-providers-celery==", "apache-airflow-providers-fab=="} <= set(pins)


def test_on_astros_runtime_nothing_of_its_own_is_replaced() -> None:
    text = (PROJECT / "requirements" / "astro.txt").read_text()
    assert re.findall(r"(?m)^([A-Za-z0-9][^ ]*)==", text) == ["aiosmtplib"]
    assert "--hash=sha256:" in text


def test_the_builder_is_given_what_the_image_copies_and_no_more() -> None:
    copied = set(re.findall(r"(?m)^COPY --chown=\S+ (\S+) ", DOCKERFILE))
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    admitted = {rule[1:] for rule in rules if rule.startswith("!")}
    assert copied - {"${REQUIREMENTS}"} == {"dags", "plugins", "include"}
    assert admitted == {
        "dags",
        "plugins",
        "include",
        "requirements-cluster.txt",
        "requirements/astro.txt",
    }
    assert rules[-1] == "**/.*"


def test_it_stays_the_base_images_user() -> None:
    assert not re.search(r"(?m)^USER", DOCKERFILE)
