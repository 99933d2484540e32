"""A receiver of syslog on loopback that reads messages by `syslog-rfc5424-parser`, not by us.

`--udp`, `--tcp` or `--tls CERT KEY`, and `--out FILE`: each message becomes a line of JSON there. Prints its address."""

import json
import socket
import ssl
import sys

from syslog_rfc5424_parser import SyslogMessage

out = open(sys.argv[sys.argv.index("--out") + 1], "a", buffering=1)


def told(text):
    out.write(json.dumps(SyslogMessage.parse(text.decode()).as_dict()) + "\n")


if "--udp" in sys.argv:
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))
    print(f"udp://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        told(listener.recv(1 << 16))

listener = socket.create_server(("127.0.0.1", 0))
context = None
if "--tls" in sys.argv:
    at = sys.argv.index("--tls")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[at + 1], sys.argv[at + 2])
print(f"{'tls' if context else 'tcp'}://localhost:{listener.getsockname()[1]}", flush=True)
while True:
    peer, _ = listener.accept()
    if context:
        peer = context.wrap_socket(peer, server_side=True)
    stream = peer.makefile("rb")
    while True:
        length = b""
        while (digit := stream.read(1)) not in (b" ", b""):
            length += digit
        if not length:
            break
        told(stream.read(int(length)))
