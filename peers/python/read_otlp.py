"""Reads OTLP with the published messages of OpenTelemetry (`opentelemetry-proto`), not with ours.

With `--lines`: requests of logs and traces as OTLP/JSON on standard input, one per line.
With `--serve`: a receiver of OTLP/HTTP on loopback; prints its address, and keeps what it got. `GET /seen` gives that as JSON,
`POST /mood?status=503&retry_after=1` changes what it answers from then on. `--token T` wants `Authorization: Bearer T`.

What it gives of a request is what the library read, as JSON with the names of the protocol."""

import base64
import json
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.json_format import MessageToDict, Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

REQUESTS = {
    "/v1/logs": ExportLogsServiceRequest,
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
}


def hexadecimal(value):
    """protobuf's own JSON writes bytes as base64; OTLP/JSON wants ids in hex (OTLP 1.x, "JSON Protobuf Encoding")."""
    if isinstance(value, dict):
        ids = ("traceId", "spanId", "parentSpanId")
        return {k: base64.b64decode(v).hex() if k in ids else hexadecimal(v) for k, v in value.items()}
    return [hexadecimal(v) for v in value] if isinstance(value, list) else value


def based(value):
    if isinstance(value, dict):
        ids = ("traceId", "spanId", "parentSpanId")
        return {k: base64.b64encode(bytes.fromhex(v)).decode() if k in ids else based(v) for k, v in value.items()}
    return [based(v) for v in value] if isinstance(value, list) else value


def lines():
    for line in sys.stdin:
        told = json.loads(line)
        kind = ExportTraceServiceRequest if "resourceSpans" in told else ExportLogsServiceRequest
        print(json.dumps(hexadecimal(MessageToDict(Parse(json.dumps(based(told)), kind())))))


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen, mood, token = [], {"status": 200, "retry_after": None}, None

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="application/json", headers=()):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, json.dumps(Receiver.seen).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/mood":
            asked = dict(urllib.parse.parse_qsl(url.query))
            Receiver.mood = {"status": int(asked["status"]), "retry_after": asked.get("retry_after")}
            return self.answer(204)
        kind = REQUESTS.get(url.path)
        if kind is None:
            return self.answer(404)
        if Receiver.token and self.headers["Authorization"] != f"Bearer {Receiver.token}":
            return self.answer(401)
        if self.headers["Content-Type"] != "application/x-protobuf":
            return self.answer(415)
        if Receiver.mood["status"] != 200:
            after = Receiver.mood["retry_after"]
            return self.answer(Receiver.mood["status"], headers=[("Retry-After", after)] if after else [])
        request = kind()
        request.ParseFromString(body)
        Receiver.seen.append({"path": url.path, "request": hexadecimal(MessageToDict(request))})
        self.answer(200, b"", "application/x-protobuf")


if "--lines" in sys.argv:
    lines()
else:
    if "--token" in sys.argv:
        Receiver.token = sys.argv[sys.argv.index("--token") + 1]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
