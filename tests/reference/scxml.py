"""Runs python-statemachine, which shares no code with the engine, on exported SCXML.

Reads one JSON document: {"charts": [SCXML, ...], "runs": [{"chart": 0, "events": [["submit.student", "0110"], ...]}, ...]}; the
digits are the conditions c1, c2, ... at that event. Prints one JSON list per run: the active states after each event, sorted.
"""

import json
import sys

from statemachine.exceptions import TransitionNotAllowed
from statemachine.io.scxml.processor import SCXMLProcessor


def load(name, text):
    processor = SCXMLProcessor()
    processor.parse_scxml(name, text)
    chart = next(iter(processor.scs.values()))
    # Only the first machine of a chart gets its data model; the others are given what that one began with.
    data = {key: value for key, value in vars(chart().model).items() if key != "state"}
    return chart, data


def run(loaded, events):
    chart, data = loaded
    machine = chart()
    vars(machine.model).update(data)
    after = []
    for event, conditions in events:
        for number, digit in enumerate(conditions, 1):
            setattr(machine.model, f"c{number}", int(digit))
        if not machine.is_terminated:
            try:
                machine.send(event)
            except TransitionNotAllowed:
                pass
        after.append(sorted(machine.configuration_values))
    return after


def main():
    asked = json.load(sys.stdin)
    charts = [load(f"chart{number}", text) for number, text in enumerate(asked["charts"])]
    for one in asked["runs"]:
        print(json.dumps(run(charts[one["chart"]], one["events"])))


main()
