"""A client on the official Python library. --mode auto (default), legacy, 2026-07-28, or sse for HTTP+SSE of 2024-11-05."""

from __future__ import annotations

import asyncio

from common import RESOURCE, SAID, finish, options
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitResult
from tour import Tour, serve, visit

PEER = "python-mcp"
OPTIONS = options(PEER)


async def walk() -> dict:
    if OPTIONS.command:
        server = StdioServerParameters(command=OPTIONS.command[0], args=OPTIONS.command[1:])
    elif OPTIONS.mode == "sse":
        server = sse_client(OPTIONS.url, headers=OPTIONS.headers)
    elif OPTIONS.headers:
        import httpx2

        server = streamable_http_client(OPTIONS.url, http_client=httpx2.AsyncClient(headers=OPTIONS.headers, timeout=60))
    else:
        server = OPTIONS.url
    async with Client(server, mode="legacy" if OPTIONS.mode == "sse" else OPTIONS.mode) as client:
        tools = await client.list_tools()
        echo = await client.call_tool(f"{OPTIONS.prefix}echo", {"text": SAID})
        resource = await client.read_resource(RESOURCE)
        prompt = await client.get_prompt(f"{OPTIONS.prefix}test_simple_prompt")
        return {
            "version": client.protocol_version,
            "server": client.server_info.name if client.server_info else None,
            "tools": len(tools.tools),
            "echo": echo.content[0].text,
            "resource": resource.contents[0].text,
            "prompt": prompt.messages[0].content.text,
        }


class McpTour(Tour):
    async def on_elicit(self, context, params):
        self.asked.append(params.message)
        return ElicitResult(action="accept", content=self.answer)

    async def names(self):
        return [tool.name for tool in (await self.client.list_tools()).tools]

    async def say(self, op, progress=None):
        result = await self.client.call_tool(op["name"], op.get("arguments"), progress_callback=progress)
        return "".join(getattr(block, "text", "") for block in result.content)

    async def read(self, uri):
        return (await self.client.read_resource(uri)).contents[0].text

    async def prompt(self, op):
        return (await self.client.get_prompt(op["name"], op.get("arguments"))).messages[0].content.text

    def listen(self, filter):
        return self.client.listen(**filter)


async def meet(job: dict) -> dict:
    tour = McpTour()
    handlers = {"elicitation_callback": tour.on_elicit, "message_handler": tour.on_message}
    async with Client(job["url"], mode=OPTIONS.mode, **handlers) as client:
        tour.client, tour.modern = client, client.protocol_version >= "2026"
        return {"version": client.protocol_version, "saw": await visit(tour, job["ops"])}


if OPTIONS.tour:
    asyncio.run(serve(PEER, meet))
else:
    finish(PEER, walk)
