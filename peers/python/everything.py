"""A test server on the official Python library: the names the conformance suite calls, over HTTP or stdio.

usage: everything.py [--port N | --stdio] [--era both|legacy|modern]
(prints its URL as the first line; port 0 lets the system choose; --era is for HTTP)
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys
import warnings

import anyio
from fixture import handlers
from fixture.tools import BUS, TOOLS
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http import EventMessage, EventStore
from mcp.server.subscriptions import ListenHandler


class Events(EventStore):
    """Keeps every event, for clients that come back with `Last-Event-ID`."""

    def __init__(self) -> None:
        self.events: list[tuple[str, object]] = []

    async def store_event(self, stream_id, message):
        self.events.append((stream_id, message))
        return str(len(self.events))

    async def replay_events_after(self, last_event_id, send_callback):
        last = int(last_event_id)
        if not 0 < last <= len(self.events):
            return None
        stream = self.events[last - 1][0]
        for number, (owner, message) in enumerate(self.events[last:], start=last + 1):
            if owner == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


class Telling(Server):
    """Says to sessions, too, that it tells of changes."""

    def create_initialization_options(self, notification_options=None, *more, **named):
        return super().create_initialization_options(notification_options or NotificationOptions(True, True, True), *more, **named)


class OneEra:
    """The endpoint as a server has it that knows one era only."""

    def __init__(self, app, era: str) -> None:
        self.app, self.era = app, era

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and self.refuses(dict(scope["headers"])):
            body = b"Bad Request: Unsupported protocol version"
            await send({"type": "http.response.start", "status": 400, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": body})
        else:
            await self.app(scope, receive, send)

    def refuses(self, headers: dict) -> bool:
        is_modern = headers.get(b"mcp-protocol-version") == b"2026-07-28"
        return is_modern == (self.era == "legacy")


def server() -> Server:
    built = Telling(
        "doorward-python-fixture",
        version="1.0.0",
        get_tool_input_schema=lambda name: TOOLS[name][1] if name in TOOLS else None,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
        on_subscribe_resource=handlers.accept,
        on_unsubscribe_resource=handlers.accept,
        on_subscriptions_listen=ListenHandler(BUS),
        on_list_prompts=handlers.list_prompts,
        on_get_prompt=handlers.get_prompt,
        on_completion=handlers.complete,
        on_set_logging_level=handlers.accept,
    )
    built.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=built.name))
    return built


async def serve_stdio() -> None:
    built = server()
    async with stdio_server() as (read, write):
        await built.run(read, write, built.create_initialization_options())


def serve_http(port: int, era: str) -> None:
    import uvicorn

    app = server().streamable_http_app(event_store=Events(), retry_interval=200)
    if era != "both":
        app = OneEra(app, era)
    listener = socket.create_server(("127.0.0.1", port))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])


def serve_sse(port: int) -> None:
    """HTTP+SSE of 2024-11-05, and nothing newer."""
    import uvicorn
    from mcp.server.sse import SseServerTransport
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Mount, Route

    built, transport = server(), SseServerTransport("/messages/")

    async def events(request):
        async with transport.connect_sse(request.scope, request.receive, request._send) as (read, write):
            await built.run(read, write, built.create_initialization_options())
        return Response()

    app = Starlette(routes=[
        Route("/sse", endpoint=events, methods=["GET"]),
        Mount("/messages/", app=transport.handle_post_message),
    ])
    listener = socket.create_server(("127.0.0.1", port))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/sse", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False)).run(sockets=[listener])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--sse", action="store_true")
    parser.add_argument("--stdio", action="store_true")
    parser.add_argument("--era", choices=["both", "legacy", "modern"], default="both")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.ERROR)
    if options.stdio:
        anyio.run(serve_stdio)
    elif options.sse:
        serve_sse(options.port)
    else:
        serve_http(options.port, options.era)


if __name__ == "__main__":
    sys.exit(main())
