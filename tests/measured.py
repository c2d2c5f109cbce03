"""Folds what the tests and benchmarks measured into the README, between its two marks.

usage: measured.py LINES README

LINES has one JSON object per line: {"what", "count", "seed", "result"}. The medians of the benchmarks are read from
target/criterion. The table of the README is replaced whole; a README without the marks is an error.
"""

import datetime
import json
import pathlib
import sys

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def rows(lines):
    for line in lines.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        yield entry["what"], entry["count"], entry["seed"], entry["result"]


def benchmarks(folder):
    for estimates in sorted(folder.glob("**/new/estimates.json")):
        name = json.loads((estimates.parent / "benchmark.json").read_text(encoding="utf-8"))["full_id"]
        median = json.loads(estimates.read_text(encoding="utf-8"))["median"]["point_estimate"]
        yield name, "", "", f"median {duration(median)}"


def duration(nanoseconds):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def table(entries, today):
    lines = [f"Written by `tests/long` on {today}.", "", "| what | count | seed | result |", "| --- | --: | --: | --- |"]
    return "\n".join(lines + [f"| {' | '.join(str(cell) for cell in entry)} |" for entry in entries])


def main(lines, readme):
    text = readme.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{readme}: write the two marks {BEGIN} and {END} into the section \"Measured\"")
    entries = [*rows(lines), *benchmarks(pathlib.Path("target/criterion"))]
    body = table(entries, datetime.date.today().isoformat())
    readme.write_text(f"{before}{begin}\n{body}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
