"""Bodies that are neither JSON nor forms are sent as the text they are; every other id is one that there is."""

import json
import os
import random

import schemathesis

KNOWN = json.loads(os.environ.get("SOJOURN_KNOWN", "{}"))
CHOICE = random.Random(20261126)


def text(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", errors="replace")


SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

for kind in ("application/toml", "text/csv", "text/calendar", SHEET):
    schemathesis.serializer(kind)(text)


@schemathesis.hook
def map_path_parameters(ctx, path_parameters):
    if not path_parameters or "id" not in path_parameters:
        return path_parameters
    before = ctx.operation.path.split("/{id}")[0].rsplit("/", 1)[-1]
    ids = KNOWN.get(before)
    if ids and CHOICE.random() < 0.5:
        path_parameters["id"] = CHOICE.choice(ids)
    return path_parameters
