"""A test server on the official Python library: the names the conformance suite calls, over HTTP or stdio.

usage: everything.py [--port N | --stdio]    (prints its URL as the first line; port 0 lets the system choose)
"""

from __future__ import annotations

import argparse
import base64
import json
import logging
import socket
import struct
import sys
import warnings
import zlib

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http import EventMessage, EventStore
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, PromptsListChanged, ToolsListChanged
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata

MODERN = "2026-07-28"
BUS = InMemorySubscriptionBus()


# --- content ---------------------------------------------------------------------------------------------------------


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pixel() -> str:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    image = png_chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + header + image + png_chunk(b"IEND", b"")).decode()


def silence() -> str:
    samples = b"\x80" * 8
    head = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8) + b"data" + struct.pack("<I", len(samples))
    return base64.b64encode(b"RIFF" + struct.pack("<I", len(head) + len(samples)) + head + samples).decode()


def say(text: str) -> dict:
    return {"type": "text", "text": text}


def picture() -> dict:
    return {"type": "image", "data": pixel(), "mimeType": "image/png"}


def embedded(uri: str, text: str, mime: str = "text/plain") -> dict:
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime, "text": text}}


# --- asking the client ------------------------------------------------------------------------------------------------


class NeedInput(Exception):
    """Ends a modern request early: the client has to answer first."""

    def __init__(self, requests: dict, state: str | None) -> None:
        self.result = {"resultType": "input_required", "inputRequests": requests}
        if state is not None:
            self.result["requestState"] = state


def form(message: str, properties: dict, required: list[str]) -> dict:
    schema = {"type": "object", "properties": properties, "required": required}
    return {"method": "elicitation/create", "params": {"mode": "form", "message": message, "requestedSchema": schema}}


def sampling(prompt: str, tokens: int = 100) -> dict:
    message = {"role": "user", "content": {"type": "text", "text": prompt}}
    return {"method": "sampling/createMessage", "params": {"messages": [message], "maxTokens": tokens}}


ROOTS = {"method": "roots/list", "params": {}}
NEEDS = {"sampling/createMessage": "sampling", "elicitation/create": "elicitation", "roots/list": "roots"}


class Call:
    """One tool call or prompt request."""

    def __init__(self, ctx, params) -> None:
        self.ctx = ctx
        self.arguments = dict(params.arguments or {})
        self.modern = ctx.protocol_version >= MODERN
        self.state = params.request_state
        answers = params.input_responses or {}
        self.answers = {key: plain(answer) for key, answer in answers.items()}

    def declares(self, capability: str) -> bool:
        declared = self.ctx.session.client_capabilities
        return declared is not None and getattr(declared, capability) is not None

    async def ask(self, key: str, request: dict) -> dict:
        return (await self.ask_all({key: request}))[key]

    async def ask_all(self, requests: dict, state: str | None = None) -> dict:
        for request in requests.values():
            needed = NEEDS[request["method"]]
            if not self.declares(needed):
                data = {"requiredCapabilities": {needed: {}}}
                raise MCPError(-32021, f"the client has not declared {needed}", data)
        if self.modern:
            if any(not usable(request, self.answers.get(key)) for key, request in requests.items()):
                raise NeedInput(requests, state)
            return self.answers
        return {key: await self.request(request) for key, request in requests.items()}

    async def request(self, request: dict) -> dict:
        kinds = {
            "sampling/createMessage": (types.CreateMessageRequest, types.CreateMessageResult),
            "elicitation/create": (types.ElicitRequest, types.ElicitResult),
            "roots/list": (types.ListRootsRequest, types.ListRootsResult),
        }
        kind, answer = kinds[request["method"]]
        metadata = ServerMessageMetadata(related_request_id=self.ctx.request_id)
        return plain(await self.ctx.session.send_request(kind.model_validate(request), answer, metadata=metadata))

    async def log(self, line: str) -> None:
        await self.ctx.session.send_log_message("info", line, related_request_id=self.ctx.request_id)


def plain(model) -> dict:
    return model if isinstance(model, dict) else model.model_dump(by_alias=True, exclude_none=True, mode="json")


def usable(request: dict, answer) -> bool:
    if not isinstance(answer, dict):
        return False
    if request["method"] != "elicitation/create" or answer.get("action") in ("decline", "cancel"):
        return True
    content = answer.get("content") or {}
    return answer.get("action") == "accept" and all(key in content for key in request["params"]["requestedSchema"]["required"])


# --- tools ------------------------------------------------------------------------------------------------------------

TOOLS: dict[str, tuple] = {}
NOTHING = {"type": "object", "properties": {}}


def strings(*names: str) -> dict:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names)}


def tool(about: str, schema: dict = NOTHING):
    def register(function):
        TOOLS[function.__name__] = (about, schema, function)
        return function

    return register


@tool("Returns one text block")
async def test_simple_text(call: Call):
    return [say("This is a simple text response for testing.")]


@tool("Returns one image")
async def test_image_content(call: Call):
    return [picture()]


@tool("Returns one sound")
async def test_audio_content(call: Call):
    return [{"type": "audio", "data": silence(), "mimeType": "audio/wav"}]


@tool("Returns one embedded resource")
async def test_embedded_resource(call: Call):
    return [embedded("test://embedded-resource", "This is an embedded resource content.")]


@tool("Returns text, an image and a resource")
async def test_multiple_content_types(call: Call):
    text = json.dumps({"test": "data", "value": 123})
    resource = embedded("test://mixed-content-resource", text, "application/json")
    return [say("Multiple content types test:"), picture(), resource]


@tool("Always fails, as a tool fails")
async def test_error_handling(call: Call):
    return {"content": [say("This tool intentionally returns an error for testing")], "isError": True}


@tool("Logs three lines at level info")
async def test_tool_with_logging(call: Call):
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await call.log(line)
        await anyio.sleep(0.05)
    return [say("Tool with logging executed successfully")]


@tool("Logs one line, if the request asked for log messages")
async def test_logging_tool(call: Call):
    await call.log("log line of test_logging_tool")
    return [say("logged")]


@tool("Reports progress 0, 50 and 100")
async def test_tool_with_progress(call: Call):
    for done in (0, 50, 100):
        await call.ctx.session.report_progress(done, 100)
        await anyio.sleep(0.05)
    return [say("Tool with progress executed successfully")]


@tool("Closes its event stream before it answers")
async def test_reconnection(call: Call):
    if call.ctx.close_sse_stream:
        await call.ctx.close_sse_stream()
        await anyio.sleep(0.1)
    return [say("Reconnection test completed successfully")]


@tool("Announces a change of the tools")
async def test_trigger_tool_change(call: Call):
    await BUS.publish(ToolsListChanged())
    return [say("the list of tools changed")]


@tool("Announces a change of the prompts")
async def test_trigger_prompt_change(call: Call):
    await BUS.publish(PromptsListChanged())
    return [say("the list of prompts changed")]


@tool("Asks the client's model", strings("prompt"))
async def test_sampling(call: Call):
    answer = await call.ask("sample", sampling(call.arguments["prompt"]))
    return [say(f"LLM response: {sampled(answer)}")]


@tool("Asks the user for a name and an address", strings("message"))
async def test_elicitation(call: Call):
    fields = {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    }
    answer = await call.ask("user", form(call.arguments["message"], fields, ["username", "email"]))
    return [say(f"User response: {json.dumps(answer)}")]


@tool("Asks with a default for every primitive type")
async def test_elicitation_sep1034_defaults(call: Call):
    return await report(
        call,
        {
            "name": {"type": "string", "default": "John Doe"},
            "age": {"type": "integer", "default": 30},
            "score": {"type": "number", "default": 95.5},
            "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
            "verified": {"type": "boolean", "default": True},
        },
    )


@tool("Asks with every form of enumeration")
async def test_elicitation_sep1330_enums(call: Call):
    options = ["option1", "option2", "option3"]

    def titled(kind: str) -> list[dict]:
        return [{"const": f"value{i}", "title": f"{kind} {i}"} for i in (1, 2, 3)]

    return await report(
        call,
        {
            "untitledSingle": {"type": "string", "enum": options},
            "titledSingle": {"type": "string", "oneOf": titled("Option")},
            "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"]},
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
            "titledMulti": {"type": "array", "items": {"anyOf": titled("Choice")}},
        },
    )


async def report(call: Call, fields: dict):
    answer = await call.ask("form", form("Please fill in the form", fields, []))
    return [say(f"Elicitation completed: action={answer.get('action')}, content={json.dumps(answer.get('content'))}")]


@tool("Needs a client that declares sampling")
async def test_missing_capability(call: Call):
    return [say(sampled(await call.ask("sample", sampling("Say yes.", 10))))]


@tool("Asks the user while its stream is open")
async def test_streaming_elicitation(call: Call):
    answer = await call.ask("answer", form("Go on?", {"answer": {"type": "string"}}, ["answer"]))
    return [say(f"User response: {json.dumps(answer)}")]


@tool("Asks for a name, then greets")
async def test_input_required_result_elicitation(call: Call):
    answer = await call.ask("user_name", form("What is your name?", {"name": {"type": "string"}}, ["name"]))
    return [say(f"Hello, {(answer.get('content') or {}).get('name')}!")]


@tool("Asks the client's model for a capital")
async def test_input_required_result_sampling(call: Call):
    answer = await call.ask("capital_question", sampling("What is the capital of France?"))
    return [say(f"The model said: {sampled(answer)}")]


@tool("Asks for the client's roots")
async def test_input_required_result_list_roots(call: Call):
    answer = await call.ask("client_roots", ROOTS)
    return [say(f"Roots: {json.dumps(answer.get('roots'))}")]


@tool("Asks for a confirmation and checks its state")
async def test_input_required_result_request_state(call: Call):
    await call.ask_all({"confirm": form("Please confirm", {"ok": {"type": "boolean"}}, ["ok"])}, "confirm")
    return [say("state-ok" if not call.modern or call.state == "confirm" else "state is wrong")]


@tool("Refuses a changed state")
async def test_input_required_result_tampered_state(call: Call):
    return await test_input_required_result_request_state(call)


@tool("Asks three questions at once")
async def test_input_required_result_multiple_inputs(call: Call):
    questions = {
        "user_name": form("What is your name?", {"name": {"type": "string"}}, ["name"]),
        "greeting": sampling("Generate a greeting", 50),
        "client_roots": ROOTS,
    }
    return [say(f"All answers: {json.dumps(await call.ask_all(questions, 'three'))}")]


@tool("Asks two questions, one after the other")
async def test_input_required_result_multi_round(call: Call):
    if call.state and call.state.startswith("round-2:"):
        name = call.state.removeprefix("round-2:")
    else:
        first = form("Step 1: What is your name?", {"name": {"type": "string"}}, ["name"])
        answer = (await call.ask_all({"step1": first}, "round-1"))["step1"]
        name = (answer.get("content") or {}).get("name")
    second = form("Step 2: What is your favorite color?", {"color": {"type": "string"}}, ["color"])
    answer = (await call.ask_all({"step2": second}, f"round-2:{name}"))["step2"]
    return [say(f"{name} likes {(answer.get('content') or {}).get('color')}")]


@tool("Asks only what the client declares it can answer")
async def test_input_required_result_capabilities(call: Call):
    questions = {}
    if call.declares("elicitation"):
        questions["user_name"] = form("Your name?", {"name": {"type": "string"}}, ["name"])
    if call.declares("sampling"):
        questions["greeting"] = sampling("Generate a greeting", 50)
    return [say(f"Answers: {json.dumps(await call.ask_all(questions))}")]


@tool(
    "Tool with JSON Schema 2020-12 features",
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
            }
        },
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": False,
    },
)
async def json_schema_2020_12_tool(call: Call):
    return [say(f"Got {json.dumps(call.arguments)}")]


@tool(
    "Its argument `region` is mirrored in an HTTP header",
    {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}, "required": ["region"]},
)
async def test_custom_header(call: Call):
    return [say(f"Got {json.dumps(call.arguments)}")]


@tool("Returns its text", strings("text"))
async def echo(call: Call):
    return [say(call.arguments["text"])]


def sampled(answer: dict) -> str:
    content = answer.get("content")
    block = content[0] if isinstance(content, list) and content else content
    return block.get("text", "(no text)") if isinstance(block, dict) else "(no text)"


# --- handlers ---------------------------------------------------------------------------------------------------------


async def list_tools(ctx, params):
    tools = [{"name": n, "description": about, "inputSchema": schema} for n, (about, schema, _) in TOOLS.items()]
    return types.ListToolsResult.model_validate({"tools": tools})


async def call_tool(ctx, params):
    if params.name not in TOOLS:
        raise MCPError(types.INVALID_PARAMS, f"unknown tool `{params.name}`")
    try:
        result = await TOOLS[params.name][2](Call(ctx, params))
    except NeedInput as need:
        return types.InputRequiredResult.model_validate(need.result)
    return types.CallToolResult.model_validate(result if isinstance(result, dict) else {"content": result})


RESOURCES = {
    "test://static-text": ("static-text", "text/plain", "This is the content of the static text resource."),
    "test://static-binary": ("static-binary", "image/png", None),
    "test://watched-resource": ("watched-resource", "text/plain", "The content that is watched."),
}


async def list_resources(ctx, params):
    found = [(uri, name, mime) for uri, (name, mime, _) in RESOURCES.items()]
    resources = [{"uri": u, "name": n, "description": f"The {n}", "mimeType": m} for u, n, m in found]
    return types.ListResourcesResult.model_validate({"resources": resources})


async def list_templates(ctx, params):
    about = {"name": "template-data", "description": "Data of one id", "mimeType": "application/json"}
    template = {"uriTemplate": "test://template/{id}/data", **about}
    return types.ListResourceTemplatesResult.model_validate({"resourceTemplates": [template]})


async def read_resource(ctx, params):
    uri = str(params.uri)
    if uri in RESOURCES:
        _, mime, text = RESOURCES[uri]
        body = {"text": text} if text is not None else {"blob": pixel()}
        return contents({"uri": uri, "mimeType": mime, **body})
    if uri.startswith("test://template/") and uri.endswith("/data"):
        key = uri.removeprefix("test://template/").removesuffix("/data")
        text = json.dumps({"id": key, "templateTest": True, "data": f"Data for ID: {key}"})
        return contents({"uri": uri, "mimeType": "application/json", "text": text})
    code = types.INVALID_PARAMS if ctx.protocol_version >= MODERN else -32002
    raise MCPError(code, "Resource not found", {"uri": uri})


def contents(one: dict):
    return types.ReadResourceResult.model_validate({"contents": [one]})


async def accept(ctx, params):
    return types.EmptyResult()


def argument(*names: str) -> list[dict]:
    return [{"name": name, "description": f"The {name}", "required": True} for name in names]


PROMPTS = {
    "test_simple_prompt": [],
    "test_prompt_with_arguments": argument("arg1", "arg2"),
    "test_prompt_with_embedded_resource": argument("resourceUri"),
    "test_prompt_with_image": [],
    "test_input_required_result_prompt": [],
}


async def list_prompts(ctx, params):
    prompts = [{"name": n, "description": f"The {n}", "arguments": a} for n, a in PROMPTS.items()]
    return types.ListPromptsResult.model_validate({"prompts": prompts})


async def get_prompt(ctx, params):
    if params.name not in PROMPTS:
        raise MCPError(types.INVALID_PARAMS, f"unknown prompt `{params.name}`")
    call = Call(ctx, params)
    given = call.arguments
    for needed in PROMPTS[params.name]:
        if needed["name"] not in given:
            raise MCPError(types.INVALID_PARAMS, f"argument `{needed['name']}` is required")
    try:
        content = await prompt_content(params.name, given, call)
    except NeedInput as need:
        return types.InputRequiredResult.model_validate(need.result)
    return types.GetPromptResult.model_validate({"messages": [{"role": "user", "content": block} for block in content]})


async def prompt_content(name: str, given: dict, call: Call) -> list[dict]:
    if name == "test_simple_prompt":
        return [say("This is a simple prompt for testing.")]
    if name == "test_prompt_with_arguments":
        return [say(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'")]
    if name == "test_prompt_with_embedded_resource":
        resource = embedded(given["resourceUri"], "Embedded resource content for testing.")
        return [resource, say("Please process the embedded resource above.")]
    if name == "test_prompt_with_image":
        return [picture(), say("Please analyze the image above.")]
    question = form("What context should the prompt use?", {"context": {"type": "string"}}, ["context"])
    answer = await call.ask("user_context", question)
    return [say(f"Work in this context: {(answer.get('content') or {}).get('context')}")]


async def complete(ctx, params):
    places = [place for place in ("paris", "park", "party") if place.startswith(params.argument.value.lower())]
    found = {"values": places, "total": len(places), "hasMore": False}
    return types.CompleteResult.model_validate({"completion": found})


# --- transports -------------------------------------------------------------------------------------------------------


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


def server() -> Server:
    built = Server(
        "doorward-python-fixture",
        version="1.0.0",
        get_tool_input_schema=lambda name: TOOLS[name][1] if name in TOOLS else None,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_subscribe_resource=accept,
        on_unsubscribe_resource=accept,
        on_subscriptions_listen=ListenHandler(BUS),
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_completion=complete,
        on_set_logging_level=accept,
    )
    built.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=built.name))
    return built


async def serve_stdio() -> None:
    built = server()
    async with stdio_server() as (read, write):
        await built.run(read, write, built.create_initialization_options())


def serve_http(port: int) -> None:
    import uvicorn

    app = server().streamable_http_app(event_store=Events(), retry_interval=200)
    listener = socket.create_server(("127.0.0.1", port))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--stdio", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.ERROR)
    if options.stdio:
        anyio.run(serve_stdio)
    else:
        serve_http(options.port)


if __name__ == "__main__":
    sys.exit(main())
