"""What the client scripts share: arguments, the walk's expectations, the summary."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

SAID = "héllo, wörld ✓"
RESOURCE = "test://static-text"


def options(peer: str):
    """PEER [--mode M] [--prefix P] [--header 'NAME: VALUE']… (--tour | URL | -- COMMAND ARGS…)"""
    words = sys.argv[1:]
    split = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(prog=peer, usage=options.__doc__)
    parser.add_argument("--mode", default="auto")
    parser.add_argument("--prefix", default="")
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--tour", action="store_true")
    parser.add_argument("url", nargs="?")
    parsed = parser.parse_args(words[:split])
    parsed.command = words[split + 1 :]
    parsed.headers = dict(header.split(": ", 1) for header in parsed.header)
    if [bool(parsed.url), bool(parsed.command), parsed.tour].count(True) != 1:
        parser.error("give a URL, a command after --, or --tour")
    return parsed


def finish(peer: str, walk) -> None:
    """Runs the walk and prints its summary; exit 0 when everything came back as it should."""
    try:
        summary = asyncio.run(asyncio.wait_for(walk(), 60))
        right = summary["echo"] == SAID and "static text" in summary["resource"] and "simple prompt" in summary["prompt"]
    except BaseException as error:  # noqa: BLE001 - the caller wants one line, whatever happened
        summary, right = {"error": reason(error)}, False
    print(json.dumps({"peer": peer, "ok": right, **summary}, ensure_ascii=False))
    sys.exit(0 if right else 1)


def reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
