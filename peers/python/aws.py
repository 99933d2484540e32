"""The AWS side of tests, with botocore: makes identities at a moto server, and signs requests. Prints one JSON line."""

import argparse
import json

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session

REGION = "us-east-1"


def client(args, service):
    return Session().create_client(
        service, REGION, endpoint_url=args.url, aws_access_key_id=args.key, aws_secret_access_key=args.secret
    )


def role(args):
    """A user who may take one role, and a session of that role. The role may what its policy says."""
    iam, sts = client(args, "iam"), client(args, "sts")
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.create_user(UserName="deployer")
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    iam.put_user_policy(UserName="deployer", PolicyName="all", PolicyDocument=json.dumps(allow))
    arn = iam.create_role(RoleName=args.name, AssumeRolePolicyDocument=json.dumps(allow))["Role"]["Arn"]
    iam.put_role_policy(RoleName=args.name, PolicyName="given", PolicyDocument=args.policy or json.dumps(allow))
    session = sts.assume_role(RoleArn=arn, RoleSessionName=args.session)
    return {
        "user": {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"], "token": None},
        "role": {
            "arn": arn,
            "key": session["Credentials"]["AccessKeyId"],
            "secret": session["Credentials"]["SecretAccessKey"],
            "token": session["Credentials"]["SessionToken"],
        },
    }


def web_role(args):
    """A role for whoever an OpenID provider knows, with a bucket that it may do with what its policy says."""
    iam, s3 = client(args, "iam"), client(args, "s3")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Principal": {"Federated": "*"}}]}
    arn = iam.create_role(RoleName=args.name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=args.name, PolicyName="given", PolicyDocument=args.policy)
    s3.create_bucket(Bucket=args.bucket)
    s3.put_object(Bucket=args.bucket, Key="hello.txt", Body=b"hello")
    return {"arn": arn}


def sign(args):
    """A request with its signature; every header that is given is signed."""
    request = AWSRequest(args.method, args.url, headers=dict(header.split("=", 1) for header in args.header), data=args.body)
    SigV4Auth(Credentials(args.key, args.secret, args.token), args.service, REGION).add_auth(request)
    return {"method": args.method, "url": args.url, "headers": dict(request.headers.items()), "body": args.body}


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(required=True)
    one = verbs.add_parser("role")
    one.set_defaults(run=role, key="none", secret="none")
    for name in ["url", "name", "session", "policy"]:
        one.add_argument(f"--{name}", required=name != "policy")
    one = verbs.add_parser("web-role")
    one.set_defaults(run=web_role, key="none", secret="none")
    for name in ["url", "name", "policy", "bucket"]:
        one.add_argument(f"--{name}", required=True)
    one = verbs.add_parser("sign")
    one.set_defaults(run=sign)
    for name in ["method", "url", "service", "key", "secret"]:
        one.add_argument(f"--{name}", required=True)
    one.add_argument("--token")
    one.add_argument("--body", default="")
    # A value may begin with a dash, so it must not stand by itself.
    one.add_argument("--header", metavar="NAME=VALUE", action="append", default=[])
    args = parser.parse_args()
    print(json.dumps(args.run(args)))


main()
