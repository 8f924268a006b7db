"""Templates of notifications: the shipped example, and what a template may not do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from jinja2 import TemplateError, TemplateNotFound, UndefinedError
from jinja2.exceptions import SecurityError

from system_daemon.configuration.loading import SHIPPED
from system_daemon.jobs.handlers.message import BadNotificationError, read_message
from system_daemon.jobs.handlers.templates import render
from system_daemon.jobs.payload import Job

TEMPLATES = SHIPPED / "templates"
DATA = {"name": "Ana & Eva", "date": "3 May", "time": "9:00", "place": "<b>room 2</b>"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of its own for the templates of a test."""
    return tmp_path


def test_the_shipped_example_as_text_and_escaped_html() -> None:
    parts = render(TEMPLATES, "appointment", DATA)
    assert parts["subject"] == "Your appointment on 3 May"
    assert parts["text"] == (
        "Dear Ana & Eva,\n\nyour appointment is on 3 May at 9:00, <b>room 2</b>.\n\n"
        "If you cannot come, please tell us in time."
    )
    assert "<p>Dear Ana &amp; Eva,</p>" in parts["html"]
    assert "&lt;b&gt;room 2&lt;/b&gt;" in parts["html"]


def test_the_shipped_example_needs_only_date_and_time() -> None:
    parts = render(TEMPLATES, "appointment", {"date": "3 May", "time": "9:00"})
    assert parts["text"].startswith("your appointment is on 3 May at 9:00.\n")
    assert parts["html"].startswith("<p>your appointment is on <strong>3 May</strong>")


@pytest.mark.parametrize("name", sorted({file.name.split(".")[0] for file in TEMPLATES.iterdir()}))
def test_no_shipped_template_makes_a_message_of_missing_data(name: str) -> None:
    with pytest.raises(UndefinedError):
        render(TEMPLATES, name, {})


def test_an_edited_template_counts_from_the_next_message_on(folder: Path) -> None:
    note = folder / "note.txt"
    note.write_text("before")
    os.utime(note, (1, 1))
    assert render(folder, "note", {})["text"] == "before"
    note.write_text("after")
    assert render(folder, "note", {})["text"] == "after"


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ data.append(1) }}",
        "{{ self.__init__.__globals__ }}",
        "{{ lipsum.__globals__['os'].popen('id').read() }}",
        "{{ cycler.__init__.__globals__ }}",
        "{% for each in range(10 ** 9) %}x{% endfor %}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(folder: Path, source: str) -> None:
    (folder / "evil.txt").write_text(source)
    with pytest.raises((SecurityError, UndefinedError, OverflowError)):
        render(folder, "evil", {"data": []})


def test_data_is_never_read_as_a_template(folder: Path) -> None:
    (folder / "note.txt").write_text("{{ text }}")
    assert render(folder, "note", {"text": "{{ 7 * 7 }}"})["text"] == "{{ 7 * 7 }}"


@pytest.mark.parametrize("source", ["{% include '../secret.txt' %}", "{% include '/etc/passwd' %}"])
def test_a_template_reads_no_file_outside_its_folder(folder: Path, source: str) -> None:
    inside = folder / "templates"
    inside.mkdir()
    (folder / "secret.txt").write_text("secret")
    (inside / "note.txt").write_text(source)
    with pytest.raises(TemplateNotFound):
        render(inside, "note", {})


def test_a_template_that_is_wrong_is_no_message(folder: Path) -> None:
    (folder / "note.txt").write_text("{% if %}")
    with pytest.raises(TemplateError):
        render(folder, "note", {})


@pytest.mark.parametrize("name", ["../settings", "a/b", "", "x" * 101, "ä"])
def test_a_job_names_only_files_of_the_folder(name: str) -> None:
    args: list[object] = [{"to": "ana@example.org", "template": name, "data": {}}]
    job = Job(id="j", job_class="SendNotification", args=args, queue="q", raw=b"")
    with pytest.raises(BadNotificationError, match="expected the template's name"):
        read_message(job, TEMPLATES)
