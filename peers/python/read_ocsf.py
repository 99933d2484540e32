"""Validates OCSF events, one per line of standard input, against the schema of the version that they name, with its profiles.
Prints what is wrong, and in the end one line of JSON: how many events of which class there were, and how many were wrong."""

import collections
import json
import sys

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

schemas, validators = {}, {}


def validator(version, uid, profiles):
    key = (version, uid, profiles)
    if key not in validators:
        if version not in schemas:
            schemas[version] = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
        schema = schemas[version]
        name = schema.lookup_class_name_from_uid(class_uid=uid)
        compiled = schema.get_class_schema(class_name=name, profiles=list(profiles))
        Draft202012Validator.check_schema(compiled)
        validators[key] = Draft202012Validator(compiled)
    return validators[key]


classes, wrong = collections.Counter(), 0
for line in sys.stdin:
    event = json.loads(line)
    meta = event["metadata"]
    classes[str(event["class_uid"])] += 1
    errors = list(validator(meta["version"], event["class_uid"], tuple(meta.get("profiles", []))).iter_errors(event))
    wrong += bool(errors)
    for error in errors[:3]:
        where = "/".join(str(part) for part in error.absolute_path)
        print(f"{event['class_uid']} {meta['event_code']} at `{where}`: {error.message[:300]}")
print(json.dumps({"classes": classes, "wrong": wrong}))
