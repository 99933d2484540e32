"""The documented wire shapes of services that cannot run here: GitHub Apps, and the JWT login of Vault. It is not the service:
what it checks of a token is checked by joserfc, and everything else is a few lines.

usage: wire_shapes.py --github-key JWK --app ID        POST /app/installations/42/access_tokens
       wire_shapes.py --vault-issuer URL --subject S   POST /v1/auth/jwt/login, GET /v1/secret/data/crm, POST /v1/auth/token/revoke-self

It prints its URL as the first line. `GET /seen` is what happened.
"""

from __future__ import annotations

import argparse
import datetime
import http.server
import json
import time
import urllib.request

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

SEEN: list[str] = []
LOGINS: set[str] = set()


class Refused(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


def bearer(headers, scheme="Bearer") -> str:
    found, _, token = headers.get("authorization", "").partition(" ")
    if found != scheme:
        raise Refused(401, "no token")
    return token


class Github:
    """https://docs.github.com/en/rest/apps/apps: create an installation access token for an app."""

    def __init__(self, options) -> None:
        self.key, self.app = RSAKey.import_key(json.loads(options.github_key)), options.app

    def answer(self, method, path, headers, body):
        if (method, path) != ("POST", "/app/installations/42/access_tokens"):
            raise Refused(404, "not found")
        if not headers.get("user-agent") or headers.get("accept") != "application/vnd.github+json":
            raise Refused(403, "headers")
        try:
            claims = jwt.decode(bearer(headers), self.key, algorithms=["RS256"]).claims
        except (JoseError, ValueError) as error:
            raise Refused(401, type(error).__name__) from error
        now = time.time()
        if claims["iss"] != self.app or not claims["iat"] <= now < claims["exp"] <= claims["iat"] + 600:
            raise Refused(401, "claims")
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        SEEN.append("github")
        return 201, {
            "token": "ghs_1_" + claims["iss"],
            "expires_at": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "permissions": {"metadata": "read", **body.get("permissions", {})},
            "repository_selection": "selected",
        }


class Vault:
    """https://developer.hashicorp.com/vault/api-docs: auth/jwt, kv version 2, auth/token."""

    def __init__(self, options) -> None:
        self.issuer, self.subject = options.vault_issuer, options.subject

    def keys(self) -> KeySet:
        with urllib.request.urlopen(f"{self.issuer}/.well-known/openid-configuration") as reply:
            document = json.load(reply)
        if document["issuer"] != self.issuer:
            raise Refused(400, "issuer")
        with urllib.request.urlopen(document["jwks_uri"]) as reply:
            return KeySet.import_key_set(json.load(reply))

    def login(self, headers, body):
        try:
            claims = jwt.decode(body["jwt"], self.keys(), algorithms=["RS256", "ES256"]).claims
        except (JoseError, ValueError) as error:
            raise Refused(400, type(error).__name__) from error
        said = (claims["iss"], claims["aud"], claims["sub"], body["role"])
        if said != (self.issuer, f"http://{headers['host']}", self.subject, "mcp"):
            raise Refused(400, f"claims {said}")
        if not claims["nbf"] <= time.time() < claims["exp"]:
            raise Refused(400, "time")
        token = f"hvs.{len(SEEN)}"
        LOGINS.add(token)
        SEEN.append("login")
        return 200, {"auth": {"client_token": token, "lease_duration": 900, "renewable": True}}

    def answer(self, method, path, headers, body):
        if (method, path) == ("POST", "/v1/auth/jwt/login"):
            return self.login(headers, body)
        token = headers.get("x-vault-token")
        if token not in LOGINS:
            raise Refused(403, "permission denied")
        if (method, path) == ("GET", "/v1/secret/data/crm"):
            SEEN.append("read")
            return 200, {"lease_id": "", "lease_duration": 0, "data": {"data": {"api_key": "k-1"}, "metadata": {"version": 1}}}
        if (method, path) == ("POST", "/v1/auth/token/revoke-self"):
            LOGINS.remove(token)
            SEEN.append("revoked")
            return 204, None
        raise Refused(404, "no handler")


def serve(service) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def turn(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            headers = {name.lower(): value for name, value in self.headers.items()}
            if self.path == "/seen":
                status, value = 200, SEEN
            else:
                try:
                    status, value = service.answer(self.command, self.path, headers, body)
                except Refused as refused:
                    SEEN.append(f"refused: {refused.why}")
                    status, value = refused.status, {"message": refused.why, "errors": [refused.why]}
            text = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = turn

        def log_message(self, *_) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ["github-key", "app", "vault-issuer", "subject"]:
        parser.add_argument(f"--{name}")
    options = parser.parse_args()
    serve(Github(options) if options.github_key else Vault(options))


main()
