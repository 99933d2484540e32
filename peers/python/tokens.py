"""Tokens with joserfc, for tests: reads one, or makes DPoP proofs (RFC 9449). Prints one JSON line."""

import argparse
import base64
import hashlib
import json
import sys
import time
import uuid

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

ALGORITHMS = ["ES256", "RS256", "PS256", "EdDSA"]


def claims(args):
    token = jwt.decode(args.token, KeySet.import_key_set(json.loads(args.jwks)), algorithms=ALGORITHMS)
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": args.issuer} if args.issuer else {},
        aud={"essential": True, "value": args.audience},
        exp={"essential": True},
    )
    rules.validate(token.claims)
    return dict(token.claims)


def key(_):
    made = ECKey.generate_key("P-256")
    return {"key": made.as_dict(private=True), "jkt": made.thumbprint()}


def proof(args):
    signer = ECKey.import_key(json.loads(args.key))
    body = {"jti": str(uuid.uuid4()), "htm": args.method, "htu": args.url, "iat": int(time.time())}
    if args.access_token:
        digest = hashlib.sha256(args.access_token.encode()).digest()
        body["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    body.update(json.loads(args.more))
    public = {name: value for name, value in signer.as_dict(private=False).items() if name in ("kty", "crv", "x", "y")}
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public}
    return {"proof": jwt.encode(header, body, signer, algorithms=["ES256"])}


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(required=True)
    for verb, names in {
        claims: ["token", "jwks", "issuer", "audience"],
        key: [],
        proof: ["key", "method", "url", "access-token", "more"],
    }.items():
        one = verbs.add_parser(verb.__name__)
        one.set_defaults(run=verb, access_token=None, issuer=None, more="{}")
        for name in names:
            one.add_argument(f"--{name}", required=name not in ("access-token", "more", "issuer"))
    args = parser.parse_args()
    try:
        print(json.dumps(args.run(args)))
    except (JoseError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}")


main()
