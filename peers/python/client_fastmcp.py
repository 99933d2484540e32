"""A client on FastMCP. --mode auto (default), legacy, or sse for HTTP+SSE of 2024-11-05."""

from __future__ import annotations

from common import RESOURCE, SAID, finish, options
from fastmcp import Client
from fastmcp.client.transports import SSETransport, StdioTransport, StreamableHttpTransport

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


finish(PEER, walk)
