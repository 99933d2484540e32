"""The test server behind a guard that looks at every request, whatever it is about.

usage: strict.py --sigv4 MOTO --region R --service S     keys of roles, signed requests (botocore computes every signature anew)
       strict.py --jwks FILE --issuer I --audience A     bearer tokens (joserfc verifies them); `self`: for its own address
       strict.py --secret WORD                           this bearer token, and no other

It prints its URL as the first line. `GET /seen` says how many requests it let in, and why it refused the others.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import pathlib
import socket
import urllib.request
import warnings

import uvicorn
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from everything import Events, server
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

SKEW = datetime.timedelta(minutes=5)
MUST = {"host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"}


class Refused(Exception):
    pass


class Sigv4:
    """Requests signed with the keys of a role that moto gave out."""

    def __init__(self, options) -> None:
        self.moto, self.scope = options.sigv4, [options.region, options.service, "aws4_request"]

    def role(self, key: str):
        with urllib.request.urlopen(f"{self.moto}/moto-api/data.json") as reply:
            roles = json.load(reply)["sts"]["AssumedRole"]
        found = [role for role in roles if role["access_key_id"] == key]
        return found[0] if found else None

    def check(self, method: str, url: str, headers: dict, body: bytes) -> str:
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        if scheme != "AWS4-HMAC-SHA256":
            raise Refused("unsigned")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        key, day, *scope = parts["Credential"].split("/")
        if scope != self.scope:
            raise Refused("scope")
        date = headers.get("x-amz-date", "")
        moment = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if abs(datetime.datetime.now(datetime.timezone.utc) - moment) > SKEW or day != date[:8]:
            raise Refused("clock")
        names = parts["SignedHeaders"].split(";")
        carried = {name for name in headers if name.startswith(("x-amz-", "mcp-"))}
        if not (MUST | carried) <= set(names):
            raise Refused("unsigned header")
        if headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            raise Refused("body")
        role = self.role(key)
        if role is None or role["session_token"] != headers["x-amz-security-token"]:
            raise Refused("keys")
        request = AWSRequest(method, url, headers={name: headers[name] for name in names}, data=body)
        request.context["timestamp"] = date
        signer = SigV4Auth(Credentials(key, role["secret_access_key"], role["session_token"]), scope[1], scope[0])
        text = signer.string_to_sign(request, signer.canonical_request(request))
        if signer.signature(text, request) != parts["Signature"]:
            raise Refused("signature")
        return role["session_name"]


class Bearer:
    """Tokens for this server, by the keys of an issuer."""

    def __init__(self, options) -> None:
        self.keys, self.options = pathlib.Path(options.jwks), options

    def check(self, _method: str, _url: str, headers: dict, _body: bytes) -> str:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            raise Refused("no token")
        keys = KeySet.import_key_set(json.loads(self.keys.read_text()))
        try:
            read = jwt.decode(token, keys, algorithms=["ES256", "RS256"])
            jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": self.options.issuer} if self.options.issuer else {},
                aud={"essential": True, "value": self.options.audience},
                exp={"essential": True},
            ).validate(read.claims)
        except (JoseError, ValueError) as error:
            raise Refused(type(error).__name__) from error
        return read.claims["sub"]


class Word:
    """One secret."""

    def __init__(self, options) -> None:
        self.word = options.secret

    def check(self, _method: str, _url: str, headers: dict, _body: bytes) -> str:
        if headers.get("authorization") != f"Bearer {self.word}":
            raise Refused("secret")
        return "known"


class Guarded:
    """Reads each request whole, judges it, and hands it on."""

    def __init__(self, app, guard) -> None:
        self.app, self.guard, self.refused, self.let_in = app, guard, [], []

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if scope["path"] == "/seen":
            return await self.answer(send, 200, {"let_in": self.let_in, "refused": self.refused})
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        url = f"http://{headers['host']}{scope['raw_path'].decode()}"
        if scope["query_string"]:
            url += f"?{scope['query_string'].decode()}"
        try:
            self.let_in.append(self.guard.check(scope["method"], url, headers, body))
        except Refused as why:
            self.refused.append(str(why))
            return await self.answer(send, 403, {"refused": str(why)})
        sent = False

        async def again():
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        return await self.app(scope, again, send)

    async def answer(self, send, status: int, value) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(value).encode()})


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ["sigv4", "region", "service", "jwks", "issuer", "audience", "secret"]:
        parser.add_argument(f"--{name}")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    listener = socket.create_server(("127.0.0.1", 0))
    own = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    if options.audience == "self":
        options.audience = own
    guard = Sigv4(options) if options.sigv4 else Word(options) if options.secret else Bearer(options)
    app = Guarded(server().streamable_http_app(event_store=Events(), retry_interval=200), guard)
    print(own, flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])


main()
