"""A client that stays: one job per line on standard input, one line of what it saw on standard output.

A job is `{"url": …, "ops": {…}}`. Each operation gives what was seen, or `{"error": …}`; whether that is right, the reader
decides. `README.md` lists the operations.
"""

from __future__ import annotations

import asyncio
import json
import sys
import warnings

from common import reason

PATIENCE = 15
CHANGES = {"tools": "notifications/tools/list_changed", "resources": "notifications/resources/list_changed"}
UPDATED = "notifications/resources/updated"


class Tour:
    """What happens on one visit. `client` has the methods of the official library's client."""

    def __init__(self) -> None:
        self.client = None
        self.modern = False
        self.asked: list[str] = []
        self.heard: asyncio.Queue = asyncio.Queue()
        self.answer: dict = {}

    # What the library calls.

    async def on_message(self, message) -> None:
        if (method := getattr(message, "method", None)) in (UPDATED, *CHANGES.values()):
            self.heard.put_nowait((method, str(getattr(message.params, "uri", ""))))

    # What differs between libraries.

    async def names(self) -> list[str]:
        raise NotImplementedError

    async def say(self, op: dict, progress=None) -> str:
        """Calls a tool and gives its text."""
        raise NotImplementedError

    async def read(self, uri: str) -> str:
        raise NotImplementedError

    async def prompt(self, op: dict) -> str:
        raise NotImplementedError

    def listen(self, filter: dict):
        raise NotImplementedError

    # The operations.

    async def list(self, op):
        return await self.names()

    async def call(self, op):
        return await self.say(op)

    async def progress(self, op):
        steps: list[float] = []

        async def step(done, total=None, message=None):
            steps.append(done)

        await self.say(op, step)
        return steps

    async def cancel(self, op):
        before = await self.count(op)
        begun = asyncio.Event()

        async def step(done, total=None, message=None):
            begun.set()

        call = asyncio.create_task(self.say(op, step))
        await asyncio.wait([call, waiting := asyncio.create_task(begun.wait())], timeout=1, return_when="FIRST_COMPLETED")
        waiting.cancel()
        call.cancel()
        ended = (await asyncio.gather(call, return_exceptions=True))[0]
        if not isinstance(ended, asyncio.CancelledError):
            return {"ended": f"{ended}"}
        for _ in range(40):
            if (counted := await self.count(op) - before) > 0:
                break
            await asyncio.sleep(0.05)
        return {"ended": "cancelled", "counted": counted}

    async def count(self, op) -> int:
        return json.loads(await self.say(op["count"])).get(op["key"], 0)

    async def elicit(self, op):
        self.asked, self.answer = [], op["answer"]
        text = await self.say(op)
        return {"asked": self.asked, "text": text}

    async def changed(self, op):
        if self.modern:
            return await self.told({f"{op['kind']}_list_changed": True}, op)
        return await self.heard_after(op, CHANGES[op["kind"]])

    async def updated(self, op):
        seen = await self.touched(op)
        if op.get("switch"):
            await self.say(op)
        return seen

    async def touched(self, op):
        if self.modern:
            return await self.told({"resource_subscriptions": [op["uri"]]}, op)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            await self.client.session.subscribe_resource(op["uri"])
            seen = await self.heard_after(op, UPDATED)
            await self.client.session.unsubscribe_resource(op["uri"])
        return seen

    async def told(self, filter: dict, op: dict):
        """What a listening stream says after a call."""
        async with self.listen(filter) as stream:
            await self.say(op)
            async for event in stream:
                return getattr(event, "uri", type(event).__name__)

    async def heard_after(self, op: dict, method: str):
        """What the session says by itself after a call."""
        while not self.heard.empty():
            self.heard.get_nowait()
        await self.say(op)
        while True:
            said, uri = await self.heard.get()
            if said == method:
                return uri or said


async def visit(tour: Tour, ops: dict) -> dict:
    saw = {}
    for name, op in ops.items():
        try:
            saw[name] = await asyncio.wait_for(getattr(tour, name)(op), PATIENCE)
        except BaseException as error:  # noqa: BLE001 - the next operation is tried all the same
            saw[name] = {"error": reason(error)}
    return saw


async def serve(peer: str, meet) -> None:
    """`meet(job)` connects, visits and gives what was seen."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        job = json.loads(line)
        try:
            seen = await asyncio.wait_for(meet(job), 120)
        except BaseException as error:  # noqa: BLE001 - the next job is tried all the same
            seen = {"error": reason(error)}
        print(json.dumps({"peer": peer, **seen}, ensure_ascii=False), flush=True)
