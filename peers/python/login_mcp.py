"""A client on the official Python library that knows an address and nothing else. login_mcp.py [--document URL] URL

Where a browser is needed it prints {"open": URL} and reads the address that the browser was sent back to from standard
input. Its last line is the summary."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

from common import SAID, reason

BACK = "http://127.0.0.1:1/callback"


class Memory:
    def __init__(self):
        self.tokens, self.client = None, None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def show(url: str) -> None:
    print(json.dumps({"open": url}), flush=True)


async def come_back() -> AuthorizationCodeResult:
    line = await asyncio.to_thread(sys.stdin.readline)
    query = parse_qs(urlsplit(line.strip()).query)
    first = lambda name: query.get(name, [None])[0]  # noqa: E731
    return AuthorizationCodeResult(code=first("code") or "", state=first("state"), iss=first("iss"))


async def walk(url: str, document: str | None) -> dict:
    memory = Memory()
    metadata = OAuthClientMetadata(client_name="Python client", redirect_uris=[BACK])
    auth = OAuthClientProvider(
        url, metadata, memory, redirect_handler=show, callback_handler=come_back, client_metadata_url=document
    )
    async with httpx2.AsyncClient(auth=auth, timeout=60, follow_redirects=True) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            echo = await client.call_tool("echo", {"text": SAID})
            # As after the end of the first token.
            memory.tokens.expires_in = 0
            auth.context.token_expiry_time = 1
            first = memory.tokens.access_token
            again = await client.call_tool("echo", {"text": SAID})
            return {
                "version": client.protocol_version,
                "client": memory.client.client_id,
                "echo": echo.content[0].text,
                "again": again.content[0].text,
                "renewed": memory.tokens.access_token != first,
            }


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--document")
    parser.add_argument("url")
    words = parser.parse_args()
    try:
        summary = await asyncio.wait_for(walk(words.url, words.document), 60)
        right = summary["echo"] == SAID == summary["again"] and summary["renewed"]
    except BaseException as error:  # noqa: BLE001 - the caller wants one line, whatever happened
        summary, right = {"error": reason(error)}, False
    print(json.dumps({"peer": "python-mcp", "ok": right, **summary}, ensure_ascii=False), flush=True)


asyncio.run(main())
