"""The demo platform: an HTTP service with scriptable outcomes, in place of a health platform.

python -m system_daemon.local.demo --port 8090 --mail-port 8025

POST   /<service>          a call, answered from the service's script
PUT    /_script/<service>  {"answers": [...], "repeat": false}, see demo_answers.py
GET    /_calls[/<service>] the calls received, oldest first
DELETE /_calls             forget them
GET    /_health

E-mails that arrive by SMTP are calls of the service `mail`; their body is the whole e-mail.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import defaultdict, deque
from dataclasses import asdict

from aiohttp import web
from pydantic import ValidationError

from system_daemon.local.demo_answers import DEFAULT_SCRIPTS, UNKNOWN, Answer, Script
from system_daemon.local.demo_call import ReceivedCall
from system_daemon.local.demo_mail import mail_server
from system_daemon.local.ports import LOOPBACK

_REMEMBERED_CALLS = 10_000
_HUGE_BYTES = 50 * 1024 * 1024
_CHUNK = b"x" * 65_536


class DemoPlatform:
    """The scripts and the calls of one demo server; `application` serves them over HTTP."""

    def __init__(self, *, remembered_calls: int = _REMEMBERED_CALLS) -> None:
        self._scripts: dict[str, Script] = dict(DEFAULT_SCRIPTS)
        self._calls: deque[ReceivedCall] = deque(maxlen=remembered_calls)
        self._answered: defaultdict[str, int] = defaultdict(int)

    def application(self) -> web.Application:
        """The aiohttp application."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/_health", self._health),
                web.get("/_calls", self._list_calls),
                web.get("/_calls/{service:.+}", self._list_calls),
                web.delete("/_calls", self._forget_calls),
                web.put("/_script/{service:.+}", self._set_script),
                web.post("/{service:.+}", self._call),
            ]
        )
        return application

    def receive_mail(self, text: str) -> None:
        """Keep an e-mail."""
        now = time.time()
        self._calls.append(
            ReceivedCall(service="mail", at=now, headers={}, body=text, ended_at=now)
        )

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "healthy"})

    async def _list_calls(self, request: web.Request) -> web.Response:
        service = request.match_info.get("service")
        return web.json_response(
            [asdict(call) for call in self._calls if service in (None, call.service)]
        )

    async def _forget_calls(self, _request: web.Request) -> web.Response:
        self._calls.clear()
        return web.json_response({})

    async def _set_script(self, request: web.Request) -> web.Response:
        service = request.match_info["service"]
        try:
            self._scripts[service] = Script.model_validate_json(await request.text())
        except ValidationError as error:
            return web.json_response({"problems": error.errors(include_url=False)}, status=422)
        self._answered[service] = 0
        return web.json_response({})

    async def _call(self, request: web.Request) -> web.StreamResponse:
        service = request.match_info["service"]
        call = ReceivedCall(
            service=service,
            at=time.time(),
            headers=dict(request.headers),
            body=await request.text(),
        )
        self._calls.append(call)
        answer = self._scripts.get(service, UNKNOWN).answer(self._answered[service])
        self._answered[service] += 1
        try:
            await asyncio.sleep(answer.delay)
            return await _respond(request, answer)
        finally:
            call.ended_at = time.time()


async def _respond(request: web.Request, answer: Answer) -> web.StreamResponse:
    match answer.behaviour:
        case "answer":
            return _json(answer)
        case "hang":
            await asyncio.Event().wait()
        case "drip":
            return await _drip(request, answer)
        case "html":
            page = "<html><body><h1>It works!</h1></body></html>"
            return web.Response(text=page, status=answer.status, content_type="text/html")
        case "huge":
            return await _huge(request, answer)
        case "redirect":
            return web.Response(status=302, headers={"Location": "/somewhere_else"})
        case "reset":
            if request.transport is not None:
                request.transport.abort()
    return web.Response(status=500)


def _json(answer: Answer) -> web.Response:
    response = web.json_response(
        {
            "code": answer.code,
            "message": answer.message,
            "error_details": list(answer.error_details),
        },
        status=answer.status,
    )
    response.headers["Content-Type"] = answer.content_type
    return response


async def _drip(request: web.Request, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(
        status=answer.status, headers={"Content-Type": answer.content_type}
    )
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(1)


async def _huge(request: web.Request, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(
        status=answer.status, headers={"Content-Type": answer.content_type}
    )
    await response.prepare(request)
    for _ in range(_HUGE_BYTES // len(_CHUNK)):
        await response.write(_CHUNK)
    await response.write_eof()
    return response


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="An HTTP service with scriptable outcomes.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--remembered-calls", type=int, default=_REMEMBERED_CALLS, help="older calls are forgotten"
    )
    parser.add_argument("--mail-port", type=int, help="take e-mails there")
    arguments = parser.parse_args()
    platform = DemoPlatform(remembered_calls=arguments.remembered_calls)
    application = platform.application()
    if arguments.mail_port is not None:
        application.cleanup_ctx.append(mail_server(arguments.mail_port, platform.receive_mail))
    web.run_app(
        application,
        host=LOOPBACK,
        port=arguments.port,
        print=None,
        # A call that waits for its script must not keep the stack from stopping.
        shutdown_timeout=0.5,
        handler_cancellation=True,
        backlog=1024,
    )


if __name__ == "__main__":
    main()
