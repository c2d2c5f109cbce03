"""Runs python-statemachine, which shares no code with the engine, on exported SCXML.

Reads one JSON document: {"charts": {name: SCXML, ...}, "runs": [[operation, ...], ...]}. A run is one case with a machine per place;
an operation is [place, kind, what, conditions], the digits of which are the chart's conditions c1, c2, ...:

- "begin": a machine of the chart `what` stands at that place, from its beginning;
- "event": the event `what` is sent to it;
- "look": it looks at what moves by itself;
- "void": everybody's agreement is taken back.

Prints one JSON list per run: the active state of the place after each operation.
"""

import json
import sys

from statemachine.exceptions import TransitionNotAllowed
from statemachine.io.scxml.processor import SCXMLProcessor
from statemachine.model import Model


def load(name, text):
    processor = SCXMLProcessor()
    processor.parse_scxml(name, text)
    chart = next(iter(processor.scs.values()))
    # Only the first machine of a chart gets its data model; the others are given what that one began with.
    data = {key: value for key, value in vars(chart().model).items() if key != "state"}
    return chart, data


def begin(loaded):
    chart, data = loaded
    model = Model()
    vars(model).update(data)
    return chart(model)


def send(machine, event, conditions):
    for number, digit in enumerate(conditions, 1):
        setattr(machine.model, f"c{number}", int(digit))
    if machine.is_terminated:
        return
    try:
        machine.send(event)
    except TransitionNotAllowed:
        pass


def run(charts, operations):
    machines = {}
    after = []
    for place, kind, what, conditions in operations:
        if kind == "begin":
            machines[place] = begin(charts[what])
        machine = machines[place]
        if kind == "void":
            agreed = [key for key in vars(machine.model) if key.startswith("agreed_")]
            vars(machine.model).update(dict.fromkeys(agreed, 0))
        if kind in ("event", "look"):
            send(machine, what if kind == "event" else "look", conditions)
        after.append(" ".join(sorted(machine.configuration_values)))
    return after


def main():
    asked = json.load(sys.stdin)
    charts = {name: load(name, text) for name, text in asked["charts"].items()}
    for operations in asked["runs"]:
        print(json.dumps(run(charts, operations)))


main()
