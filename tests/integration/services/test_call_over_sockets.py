"""One POST against a service that does everything wrong (R26-R30, R34-R36)."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import resource
import socket
import time
from collections.abc import Mapping

import pytest

from system_daemon import __version__
from system_daemon.outcome import Outcome
from system_daemon.services import call as call_module
from system_daemon.services.call import call
from system_daemon.services.request import Request
from tests.integration.services.fault_server import (
    Behaviour,
    Exchange,
    FaultServer,
    answers,
    dribbles,
    http,
    resets,
    sends,
    stalls,
)
from tests.integration.services.until import until


def request(url: str, timeout: float = 5, **kwargs: object) -> Request:
    fields: Mapping[str, object] = {"parameters": {}, "service": "import_patients"} | kwargs
    return Request(url=url, timeout=timeout, **fields)  # type: ignore[arg-type]


async def test_r26_one_post_with_the_parameters_as_body(
    server: FaultServer, log: logging.Logger
) -> None:
    parameters = {"z": 1, "a": {"ñ": "José"}, "b": {}}
    result = await call(request(server.url, parameters=parameters), log)
    assert (result.outcome, result.message, result.http_status) == (Outcome.SUCCESS, "done", 200)
    [received] = server.received
    assert received.line == "POST /run HTTP/1.1"
    assert received.body == '{"z":1,"a":{"ñ":"José"},"b":{}}'.encode()
    assert received.headers == {
        "host": f"127.0.0.1:{server.port}",
        "accept": "application/json",
        "accept-encoding": "identity",
        "connection": "close",
        "content-type": "application/json",
        "content-length": str(len(received.body)),
        "user-agent": f"system-daemon/{__version__}",
    }


@pytest.mark.parametrize("status", ["301 x", "302 x", "303 x", "307 x", "308 x"])
async def test_r26_a_redirect_is_not_followed(
    status: str, server: FaultServer, log: logging.Logger
) -> None:
    server.behaviour = sends(http(b"", status, Location=f"{server.url}?CANARY"))
    result = await call(request(server.url), log)
    assert result.outcome is Outcome.ERROR
    assert "redirects to 127.0.0.1; redirects are not followed" in result.message
    assert "CANARY" not in result.message
    assert len(server.received) == 1


async def test_r36_a_server_that_never_answers_times_out(
    server: FaultServer, log: logging.Logger
) -> None:
    server.behaviour = stalls
    result = await call(request(server.url, timeout=0.3), log)
    assert result.outcome is Outcome.TIMEOUT
    assert "did not answer within 0.3 s; the service may still be working" in result.message
    assert 300 <= result.duration_ms < 1500
    await until(lambda: server.hung_up == 1)


async def test_r36_dribbling_server_times_out(server: FaultServer, log: logging.Logger) -> None:
    server.behaviour = dribbles
    result = await call(request(server.url, timeout=0.5), log)
    assert result.outcome is Outcome.TIMEOUT
    assert 500 <= result.duration_ms < 1700
    await until(lambda: server.hung_up == 1)


async def test_r36_a_body_that_stops_in_the_middle_times_out(
    server: FaultServer, log: logging.Logger
) -> None:
    async def half(exchange: Exchange) -> None:
        await exchange.send(http(b'{"code": "success"}')[:-3])
        await stalls(exchange)

    server.behaviour = half
    result = await call(request(server.url, timeout=0.3), log)
    assert result.outcome is Outcome.TIMEOUT
    assert "began to answer but did not finish" in result.message


async def test_r36_a_connection_that_nobody_accepts_times_out(log: logging.Logger) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        result = await call(request(f"http://127.0.0.1:{port}/", timeout=0.3), log)
        for one in waiting:
            one.close()
    assert result.outcome is Outcome.TIMEOUT
    assert "could not be connected to within 0.3 s; nothing was sent" in result.message


async def test_r36_a_deadline_in_the_past_sends_nothing(
    server: FaultServer, log: logging.Logger
) -> None:
    result = await call(request(server.url), log, deadline=asyncio.get_running_loop().time() - 1)
    assert result.outcome is Outcome.TIMEOUT
    assert server.received == []


async def test_r36_a_refused_connection_is_an_error(log: logging.Logger) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    for host in ("127.0.0.1", "localhost"):
        result = await call(request(f"http://{host}:{port}/"), log)
        assert result.outcome is Outcome.ERROR
        assert result.message == f"{host}:{port} refused the connection; is the service running?"


async def test_r36_a_name_that_does_not_resolve_is_an_error(log: logging.Logger) -> None:
    result = await call(request("http://no-such-service.invalid/run"), log)
    assert result.outcome is Outcome.ERROR
    assert "the name no-such-service.invalid" in result.message
    assert "DNS" in result.message


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        pytest.param(resets, "reset the connection", id="reset"),
        pytest.param(sends(b""), "closed the connection without an answer", id="closed"),
        pytest.param(
            sends(b"SSH-2.0-OpenSSH\r\n"), "answered something that is not HTTP", id="ssh"
        ),
        pytest.param(sends(http(b"x" * 50)[:-9]), "broke off before its end", id="truncated"),
        pytest.param(
            sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            "",
            id="bad chunk",
        ),
        pytest.param(
            sends(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n"),
            "answered something that is not HTTP",
            id="huge header",
        ),
        pytest.param(sends(http(b"<html>", content_type="text/html")), "'text/html'", id="html"),
        pytest.param(sends(http(b"")), "the answer is empty", id="empty"),
        pytest.param(sends(http(b"", "204 No Content")), "the answer is empty", id="204"),
        pytest.param(answers({"code": "Success"}), "did it mean 'success'?", id="case"),
        pytest.param(answers({"code": "success"}, status="500 x"), "HTTP 500", id="500"),
        pytest.param(sends(http(b"[" * 100_000)), "nested too deeply", id="nested"),
    ],
)
async def test_r28_what_is_no_answer_is_an_error(
    behaviour: Behaviour, sentence: str, server: FaultServer, log: logging.Logger
) -> None:
    server.behaviour = behaviour
    result = await call(request(server.url), log)
    assert result.outcome is Outcome.ERROR
    assert sentence in result.message
    assert len(server.received) == 1


async def test_r27_a_gzip_bomb_does_not_go_off(server: FaultServer, log: logging.Logger) -> None:
    bomb = gzip.compress(b"0" * 200_000_000, 1)[: 1024 * 1024]
    server.behaviour = sends(http(bomb, Content_Encoding="gzip"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = await call(request(server.url), log)
    assert result.outcome is Outcome.ERROR
    assert "encoded as 'gzip', which was not asked for" in result.message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


@pytest.mark.parametrize("with_length", [True, False])
async def test_r27_an_answer_of_50_mb_is_not_read(
    with_length: bool, server: FaultServer, log: logging.Logger
) -> None:
    size = 50 * 1024 * 1024
    length = f"Content-Length: {size}\r\n" if with_length else ""

    async def floods(exchange: Exchange) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{length}\r\n"
        await exchange.send(head.encode())
        chunk = b" " * 65536
        for _ in range(size // len(chunk)):
            await exchange.send(chunk)
            server.bytes_sent += len(chunk)

    server.behaviour = floods
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = await call(request(server.url), log)
    assert result.outcome is Outcome.ERROR
    assert "larger than 1 MiB" in result.message
    await until(lambda: server.open == 0)
    assert server.bytes_sent < size / 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


async def test_r27_an_answer_of_exactly_1_mib_counts(
    server: FaultServer, log: logging.Logger
) -> None:
    shell = '{"code": "success", "message": ""}'
    body = shell.replace('""', '"' + "x" * (1024 * 1024 - len(shell)) + '"').encode()
    server.behaviour = sends(http(body))
    assert (await call(request(server.url), log)).outcome is Outcome.SUCCESS
    server.behaviour = sends(http(body + b" "))
    assert (await call(request(server.url), log)).outcome is Outcome.ERROR


async def test_r29_what_the_service_says_is_logged_line_by_line(
    server: FaultServer, log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    forged = "ok\nservice=import_patients outcome=success\x1b[1A"
    server.behaviour = answers(
        {"code": "error", "message": forged, "error_details": ["a", "b\r\nc"]}
    )
    await call(request(server.url), log)
    *told, last = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert told == [
        ("ERROR", "import_patients said: ok"),
        ("ERROR", r"import_patients said: service=import_patients outcome=success\x1b[1A"),
        ("ERROR", "import_patients detail: a"),
        ("ERROR", "import_patients detail: b"),
        ("ERROR", "import_patients detail: c"),
    ]
    assert last[1].startswith("service=import_patients outcome=error http_status=200 duration_ms=")
    assert sum(m.startswith("service=import_patients outcome=") for _, m in [*told, last]) == 1


async def test_r30_a_dialect_is_warned_of_once(
    server: FaultServer,
    log: logging.Logger,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call_module, "_warned", set())
    server.behaviour = answers({"status": "idle", "details": ["d"]})
    for _ in range(3):
        assert (await call(request(server.url), log)).outcome is Outcome.IDLE
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warnings == [
        "import_patients: the answer says 'details' where the contract says 'error_details'"
        " (said once)",
        "import_patients: the answer says 'status' where the contract says 'code' (said once)",
    ]


async def test_r34_a_host_outside_the_allow_list_sees_no_connection(
    server: FaultServer, log: logging.Logger
) -> None:
    result = await call(request(server.url, allowed_hosts=frozenset({"service.example"})), log)
    assert result.outcome is Outcome.ERROR
    assert "127.0.0.1 is not among the allowed hosts; nothing was sent" in result.message
    assert server.connections == 0


async def test_r26_the_environments_proxy_is_not_used(
    server: FaultServer, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await call(request(server.url), log)).outcome is Outcome.SUCCESS


async def test_an_override_of_the_name_look_up_keeps_the_host_header(
    server: FaultServer, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    override = {("service.invalid", 80): ("127.0.0.1", server.port)}
    monkeypatch.setattr(call_module, "overrides", lambda: override)
    assert (await call(request("http://service.invalid/x"), log)).outcome is Outcome.SUCCESS
    assert server.received[0].headers["host"] == "service.invalid"


async def test_a_malformed_override_is_an_error_that_says_so(
    server: FaultServer, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_module.overrides.cache_clear()
    monkeypatch.setenv("SYSTEM_DAEMON_RESOLVE", "nonsense")
    result = await call(request(server.url), log)
    call_module.overrides.cache_clear()
    assert result.outcome is Outcome.ERROR
    assert result.message.startswith("SYSTEM_DAEMON_RESOLVE: expected host:port=host:port")


async def test_cancellation_propagates_and_closes_the_connection(
    server: FaultServer, log: logging.Logger
) -> None:
    server.behaviour = stalls
    task = asyncio.create_task(call(request(server.url, timeout=60), log))
    await until(lambda: server.open == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: server.hung_up == 1)


async def test_500_calls_wait_at_once(
    server: FaultServer, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = asyncio.Event()

    async def held(exchange: Exchange) -> None:
        await release.wait()
        await answers({"code": "idle", "message": ""})(exchange)

    server.behaviour = held
    tasks = [asyncio.create_task(call(request(server.url, timeout=60), log)) for _ in range(500)]
    await until(lambda: server.open == 500, within=60)
    release.set()
    results = await asyncio.gather(*tasks)
    assert {result.outcome for result in results} == {Outcome.IDLE}


@pytest.mark.parametrize(
    "shape", ["success", "500", "redirect", "stall", "refused", "html", "code"]
)
async def test_e2_canaries_appear_in_no_log_line_and_no_result(
    shape: str, server: FaultServer, log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    behaviours: dict[str, Behaviour] = {
        "success": answers({"code": "success", "message": "m", "echo": "CANARY-answer"}),
        "500": sends(http(b"CANARY-body", "500 CANARY-reason", "text/html")),
        "redirect": sends(http(b"", "302 x", Location="http://u:CANARY@h/CANARY?CANARY")),
        "stall": stalls,
        "html": sends(http(b"<html>CANARY</html>")),
        "code": answers({"result": "CANARY"}),
    }
    port = server.port
    if shape == "refused":
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
    else:
        server.behaviour = behaviours[shape]
    caplog.set_level(logging.DEBUG)
    result = await call(
        request(
            f"http://CANARY-user:CANARY-pass@127.0.0.1:{port}/run?token=CANARY-query",
            timeout=0.3,
            parameters={"CANARY-key": "CANARY-value"},
            headers={"X-Api-Key": "CANARY-header"},
        ),
        log,
    )
    assert "CANARY" not in json.dumps([str(result), caplog.text])
    if shape != "refused":
        assert "authorization" in server.received[0].headers
        assert "CANARY-query" in server.received[0].line


async def test_r36_the_clock_of_the_call_includes_a_slow_name_look_up(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_args: object, **_kwargs: object) -> list[object]:
        time.sleep(1)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    result = await call(request("http://slow.invalid/", timeout=0.2), log)
    assert result.outcome is Outcome.TIMEOUT
    assert result.duration_ms < 900
