"""A receiver of signed CloudEvents on loopback: verifies by `standardwebhooks` and reads by the SDK of CloudEvents, not by us.

`--secret S`. Prints its address. What it took is `GET /seen`; `POST /mood?status=503` changes what it answers from then on, and
`POST /mood?status=200&poison=WORD` answers 422 to every batch in which the word stands."""

import json
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cloudevents.v1.http import from_dict
from standardwebhooks.webhooks import Webhook


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen, mood, secret = [], {"status": "200"}, None

    def log_message(self, *_):
        pass

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, json.dumps(Receiver.seen).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/mood":
            Receiver.mood = dict(urllib.parse.parse_qsl(url.query))
            return self.answer(204)
        if Receiver.mood["status"] != "200":
            return self.answer(int(Receiver.mood["status"]))
        if "poison" in Receiver.mood and Receiver.mood["poison"].encode() in body:
            return self.answer(422)
        if self.headers["Content-Type"] != "application/cloudevents-batch+json":
            return self.answer(415)
        events = Webhook(Receiver.secret).verify(body, {k.lower(): v for k, v in self.headers.items()})
        read = [from_dict(event) for event in events]
        told = [{**event.get_attributes(), "data": event.data} for event in read]
        Receiver.seen.append({"id": self.headers["webhook-id"], "events": told})
        self.answer(200)


Receiver.secret = sys.argv[sys.argv.index("--secret") + 1]
server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
