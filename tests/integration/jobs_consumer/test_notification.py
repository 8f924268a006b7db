"""The shipped handler, through a real SMTP server and a real HTTP gateway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from aiohttp import web
from redis.asyncio import Redis

from system_daemon.access import Login
from system_daemon.jobs.handlers.access import MailServer
from tests.integration.jobs_consumer.clinic import Endpoint, enqueue
from tests.integration.jobs_consumer.conftest import Workplace
from tests.integration.jobs_consumer.mail_box import MailBox
from tests.integration.jobs_consumer.notifications import ROUTE, noted, whole

pytestmark = pytest.mark.usefixtures("quick_breaks")


async def test_an_email_arrives_as_it_was_written(
    redis: Redis, workplace: Workplace, mail_box: MailBox
) -> None:
    await enqueue(redis, whole(subject="Visit ñ", html="<p>Your visit is at 9.</p>", id=4711))
    assert (await workplace.shift(ROUTE)).acked == 1
    (mail,) = mail_box.mails
    assert mail_box.recipients == ["ana@example.org"]
    assert (mail["From"], mail["To"]) == ("clinic@example.org", "ana@example.org")
    assert mail["Subject"] == "Visit ñ"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.org>")
    plain, html = mail.iter_parts()
    assert plain.get_content().strip() == "Your visit is at 9."
    assert html.get_content().strip() == "<p>Your visit is at 9.</p>"


async def test_the_mail_server_is_logged_in_to(
    redis: Redis, workplace: Workplace, mail_box: MailBox
) -> None:
    assert workplace.connections.mail is not None
    server = workplace.connections.mail
    workplace.connections.mail = MailServer(
        host=server.host, port=server.port, sender=server.sender, encryption="none",
        login=Login("daemon", "secret"),
    )  # fmt: skip
    await enqueue(redis, whole())
    assert (await workplace.shift(ROUTE)).acked == 1
    assert mail_box.logins == ["daemon"]


async def test_templates_are_filled_in_and_html_is_escaped(
    redis: Redis, workplace: Workplace, mail_box: MailBox
) -> None:
    folder = workplace.templates
    (folder / "visit.subject.txt").write_text("Visit of {{ name }}\n")
    (folder / "visit.txt").write_text("Dear {{ name }}, at {{ at }}.")
    (folder / "visit.html").write_text("<p>Dear {{ name }}</p>")
    data = {"name": "<b>Ana & co</b>\nBcc: evil@example.org", "at": "9"}
    await enqueue(redis, whole(text="", template="visit", data=data))
    assert (await workplace.shift(ROUTE)).acked == 1
    (mail,) = mail_box.mails
    assert mail["Subject"] == "Visit of <b>Ana & co</b> Bcc: evil@example.org"
    assert mail["Bcc"] is None
    plain, html = mail.iter_parts()
    assert "Dear <b>Ana & co</b>" in plain.get_content()
    assert "&lt;b&gt;Ana &amp; co&lt;/b&gt;" in html.get_content()


@pytest.mark.parametrize(
    ("template", "data", "sentence"),
    [
        ("visit", {}, 'the template visit uses something that "data" does not hold'),
        ("none", {}, "expected a template none.txt or none.html in"),
        ("../secret", {}, "expected the template's name in letters, digits, - and _"),
        ("evil", {"x": []}, "the template evil cannot be used (SecurityError)"),
        ("broken", {}, "the template broken cannot be used (TemplateSyntaxError)"),
        ("zero", {}, "the template zero failed (ZeroDivisionError)"),
    ],
)
async def test_a_template_that_cannot_be_used_fails_the_job_with_a_sentence(
    redis: Redis,
    workplace: Workplace,
    mail_box: MailBox,
    told: Callable[[], Sequence[str]],
    template: str,
    data: dict[str, Any],
    sentence: str,
) -> None:
    folder = workplace.templates
    (folder / "visit.txt").write_text("{{ name }}")
    (folder / "evil.txt").write_text("{{ x.__class__.__mro__ }}{{ x.append(1) }}")
    (folder / "broken.txt").write_text("{% if %}")
    (folder / "zero.txt").write_text("{{ 1 / 0 }}")
    await enqueue(redis, whole(text="", template=template, data=data))
    shift = await workplace.shift(ROUTE, max_attempts=1)
    assert (shift.promoted, mail_box.mails) == (1, [])
    assert any(sentence in line for line in told())


async def test_one_notification_is_sent_once_however_many_jobs_ask_for_it(
    redis: Redis, workplace: Workplace, mail_box: MailBox
) -> None:
    await enqueue(redis, *(whole(f"n{number}", id="n1") for number in range(8)))
    await enqueue(redis, whole("n100", id="n2"))
    shift = await workplace.shift(ROUTE, concurrency=1)
    assert shift.acked == 9
    assert len(mail_box.mails) == 2
    keys = await noted(redis)
    assert len(keys) == 2
    assert {await redis.get(key) for key in keys} == {b"sent"}
    assert min([await redis.ttl(key) for key in keys]) > 29 * 24 * 3600
    assert not any(b"n1" in key for key in keys)


async def test_what_certainly_was_not_sent_is_tried_again(
    redis: Redis, workplace: Workplace, mail_box: MailBox, told: Callable[[], Sequence[str]]
) -> None:
    mail_box.data = ["451 try later", "451 try later"]
    await enqueue(redis, whole())
    shift = await workplace.shift(ROUTE, max_attempts=3)
    assert (shift.acked, shift.failed, len(mail_box.mails)) == (1, 2, 1)
    assert any("refused the message (SMTP 451)" in line for line in told())


async def test_what_may_have_been_sent_is_not_sent_again(
    redis: Redis, workplace: Workplace, mail_box: MailBox, told: Callable[[], Sequence[str]]
) -> None:
    mail_box.data = ["hang up"]
    await enqueue(redis, whole())
    shift = await workplace.shift(ROUTE, max_attempts=3)
    assert (shift.acked, shift.failed, shift.promoted, mail_box.mails) == (0, 3, 1, [])
    assert any("it may have been sent" in line for line in told())
    assert any("delete the key resque:system_daemon:notification:" in line for line in told())


async def test_a_refused_recipient_is_told_without_the_address(
    redis: Redis, workplace: Workplace, mail_box: MailBox, told: Callable[[], Sequence[str]]
) -> None:
    mail_box.rcpt = "550 no such user ana@example.org"
    await enqueue(redis, whole())
    shift = await workplace.shift(ROUTE, max_attempts=1)
    assert shift.promoted == 1
    assert any("refused the recipient (SMTP 550)" in line for line in told())
    assert not any("ana@example.org" in line for line in told())


async def test_without_a_mail_server_the_job_waits_for_a_person(
    redis: Redis, workplace: Workplace, unused_tcp_port: int, told: Callable[[], Sequence[str]]
) -> None:
    await enqueue(redis, whole("n1"))
    await workplace.shift(ROUTE, max_attempts=1)
    assert any('an Airflow connection "system_daemon_email", got none' in line for line in told())
    workplace.connections.mail = MailServer(
        host="127.0.0.1", port=unused_tcp_port, sender="clinic@example.org", encryption="none"
    )
    await enqueue(redis, whole("n2"))
    await workplace.shift(ROUTE, max_attempts=1)
    assert any("did not let us in (SMTPConnectError)" in line for line in told())
    assert workplace.promoted == ["n1", "n2"]
    assert await noted(redis) == []


@pytest.mark.parametrize("channel", ["sms", "push"])
async def test_sms_and_push_go_through_their_gateway(
    redis: Redis, workplace: Workplace, gateway: Endpoint, channel: str
) -> None:
    argument = {"channel": channel, "to": "+34600000001", "id": "n1", "subject": "Visit"}
    await enqueue(redis, whole(**argument), whole("n2", **argument))
    assert (await workplace.shift(ROUTE, concurrency=1)).acked == 2
    assert gateway.jobs == [
        {"id": "n1", "to": "+34600000001", "subject": "Visit", "text": "Your visit is at 9."}
    ]
    (headers,) = gateway.headers
    assert headers["Idempotency-Key"] == "n1"
    assert ("X-Key" in headers, "Authorization" in headers) == ((channel == "sms",) * 2)


@pytest.mark.parametrize(
    ("status", "sentence", "sent_again"),
    [
        (400, "the sms gateway", True),
        (429, "answered HTTP 429", True),
        (500, "it may have sent the message", False),
    ],
)
async def test_a_gateways_refusals(
    redis: Redis,
    workplace: Workplace,
    gateway: Endpoint,
    told: Callable[[], Sequence[str]],
    status: int,
    sentence: str,
    sent_again: bool,
) -> None:
    async def answer(_job: dict[str, object]) -> web.Response:
        first = len(gateway.jobs) == 1
        return web.Response(status=status if first else 200, headers={"Retry-After": "0"})

    gateway.answering = answer
    await enqueue(redis, whole(channel="sms", to="+34600000001"))
    shift = await workplace.shift(ROUTE, max_attempts=2)
    assert any(sentence in line for line in told())
    assert len(gateway.jobs) == (2 if sent_again else 1)
    assert shift.acked == int(sent_again)
    assert not any("34600000001" in line for line in told())


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ({"channel": "fax"}, "expected the channel to be one of email, sms, push"),
        ({"to": ""}, 'expected "to" to be an address on one line'),
        ({"to": "a@b\nBcc: c@d"}, 'expected "to" to be an address on one line'),
        ({"to": "nobody"}, "expected addresses and a subject"),
        ({"text": ""}, 'expected a "text" for the channel email, got none'),
        ({"text": 5}, 'expected "text" to be a text'),
        ({"subject": "a\nBcc: c@d"}, "expected addresses and a subject"),
        ({"receiver": "x"}, "expected only the keys channel, data, html, id, subject, template"),
    ],
)
async def test_what_is_no_notification_fails_with_a_sentence(
    redis: Redis,
    workplace: Workplace,
    mail_box: MailBox,
    told: Callable[[], Sequence[str]],
    argument: dict[str, Any],
    sentence: str,
) -> None:
    await enqueue(redis, whole(**argument))
    shift = await workplace.shift(ROUTE, max_attempts=1)
    assert (shift.promoted, mail_box.mails) == (1, [])
    assert any(sentence in line for line in told())
