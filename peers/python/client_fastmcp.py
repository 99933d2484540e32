"""A client on FastMCP. --mode auto (default), legacy, or sse for HTTP+SSE of 2024-11-05."""

from __future__ import annotations

import asyncio

from common import RESOURCE, SAID, finish, options
from fastmcp import Client
from fastmcp.client.transports import SSETransport, StdioTransport, StreamableHttpTransport
from mcp.client.subscriptions import listen
from tour import Tour, serve, visit

PEER = "python-fastmcp"
OPTIONS = options(PEER)


async def walk() -> dict:
    if OPTIONS.command:
        transport = StdioTransport(OPTIONS.command[0], OPTIONS.command[1:], keep_alive=False)
    elif OPTIONS.mode == "sse":
        transport = SSETransport(OPTIONS.url, headers=OPTIONS.headers)
    else:
        transport = StreamableHttpTransport(OPTIONS.url, headers=OPTIONS.headers)
    async with Client(transport, mode="legacy" if OPTIONS.mode == "sse" else OPTIONS.mode) as client:
        tools = await client.list_tools()
        echo = await client.call_tool(f"{OPTIONS.prefix}echo", {"text": SAID})
        resource = await client.read_resource(RESOURCE)
        prompt = await client.get_prompt(f"{OPTIONS.prefix}test_simple_prompt")
        return {
            "tools": len(tools),
            "echo": echo.content[0].text,
            "resource": resource[0].text,
            "prompt": prompt.messages[0].content.text,
        }


class FastTour(Tour):
    async def on_elicit(self, message, response_type, params, context):
        self.asked.append(message)
        return self.answer

    async def names(self):
        return [tool.name for tool in await self.client.list_tools()]

    async def say(self, op, progress=None):
        result = await self.client.call_tool(op["name"], op.get("arguments"), progress_handler=progress, raise_on_error=False)
        return "".join(getattr(block, "text", "") for block in result.content)

    async def read(self, uri):
        return (await self.client.read_resource(uri))[0].text

    async def prompt(self, op):
        return (await self.client.get_prompt(op["name"], op.get("arguments"))).messages[0].content.text

    def listen(self, filter):
        # It has no way of its own: the session is the official library's.
        return listen(self.client.session, **filter)


async def meet(job: dict) -> dict:
    tour = FastTour()
    handlers = {"elicitation_handler": tour.on_elicit, "message_handler": tour.on_message}
    async with Client(StreamableHttpTransport(job["url"]), mode=OPTIONS.mode, **handlers) as client:
        tour.client, tour.modern = client, client.protocol_version >= "2026"
        return {"version": client.protocol_version, "saw": await visit(tour, job["ops"])}


if OPTIONS.tour:
    asyncio.run(serve(PEER, meet))
else:
    finish(PEER, walk)
