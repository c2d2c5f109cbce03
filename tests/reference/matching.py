"""Solves hospital-resident instances with the package `matching`, which shares no code with the engine.

Reads one JSON list of instances: {"students": {name: [host, ...], ...}, "hosts": {name: [student, ...], ...}, "capacities": {name:
number, ...}}, lists best first; who does not stand on both lists is left out. Prints one JSON list: for each instance the host of
each student who got one.
"""

import json
import pathlib
import sys

# This script is called as the package is: it must not be found in its place.
here = str(pathlib.Path(__file__).parent)
sys.path = [path for path in sys.path if path != here]

from matching.games import HospitalResident  # noqa: E402


def named(lists):
    return {name: [str(other) for other in others] for name, others in lists.items()}


def solve(asked):
    students, hosts, capacities = named(asked["students"]), named(asked["hosts"]), asked["capacities"]
    wanted = {name: [host for host in places if name in hosts[host]] for name, places in students.items()}
    known = {host: [name for name in names if host in students[name]] for host, names in hosts.items()}
    known = {host: names for host, names in known.items() if names}
    if not known:
        return {}
    game = HospitalResident.create_from_dictionaries(
        {name: places for name, places in wanted.items() if places},
        known,
        {host: capacities[host] for host in known},
    )
    return {name.name: host.name for host, names in game.solve(optimal="resident").items() for name in names}


print(json.dumps([solve(asked) for asked in json.load(sys.stdin)]))
