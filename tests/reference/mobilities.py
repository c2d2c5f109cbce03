"""Counts a file of Erasmus mobilities without any code of the service, to check its import against.

usage: mobilities.py FILE [--every K] [--write SAMPLE]

Reads FILE (`;` separated, UTF-8, plain or gzip), takes every K-th record (1 by default, from the first on), writes
those to SAMPLE (gzip) when asked, and prints one JSON object. What it holds, for the records that can be a case:

  records, kinds          how many, and how many of S (study), P (placement), C (combined)
  ects                    sum of ects_total
  months                  sum of length_study and length_work
  stays                   study and work parts: one per record, two for C and for an S that has months of work
  hosts                   digest, number and first rows of home × host institution (S and C, codes without blanks)
  employers               the same of home × organisation, country (P; white space squeezed)
  pseudo_codes            codes that are no institution code, such as a country and `XX`, with their rows
  refused                 record number (the first after the header is 1), column and reason of every other record

A digest is the SHA-256 of the lines "home<TAB>host<TAB>rows<LF>" in byte order.
"""

import argparse
import collections
import csv
import decimal
import gzip
import hashlib
import io
import json
import re
import sys

COLUMNS = (
    "home_institution age gender nationality level_study years_prior mobility_type host_institution work_placement "
    "country_work_placement length_study length_work short_duration_reason study_start_date work_start_date "
    "ects_study ects_work ects_total sn_supplement study_grant work_grant previous_participation"
).split()
NUMBERS = "length_study length_work ects_study ects_work ects_total sn_supplement study_grant work_grant".split()
ISO_COUNTRY = {"UK": "GB", "EL": "GR"}
INSTITUTION_CODE = re.compile(r"[A-Z]{1,3}[A-Z.\-]+[0-9]{2,3}")
MONTH = re.compile(r"(0[1-9]|1[0-2])-(19|20)[0-9]{2}")
AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?")


class Refused(Exception):
    """A record that cannot be a case: the column and why."""


def code(text):
    return re.sub(r"[\s_]", "", text).upper()


def squeezed(text):
    return " ".join(text.split())


def one_of(row, column, allowed):
    if row[column] not in allowed:
        raise Refused(column, f"not one of {', '.join(allowed)}")


def check(row):
    """Refuses a record that cannot honestly be a case."""
    if None in row or None in row.values():
        raise Refused("", f"not {len(COLUMNS)} fields")
    one_of(row, "mobility_type", ("S", "P", "C"))
    one_of(row, "level_study", ("1", "2", "3", "S"))
    for column in NUMBERS:
        if not AMOUNT.fullmatch(row[column]):
            raise Refused(column, "not a number")
    home, host = code(row["home_institution"]), code(row["host_institution"])
    if not home:
        raise Refused("home_institution", "empty")
    work = row["mobility_type"] == "P"
    if not work and not host:
        raise Refused("host_institution", "empty")
    if work and not squeezed(row["country_work_placement"]):
        raise Refused("country_work_placement", "empty")
    if home == host:
        raise Refused("host_institution", "the home institution")
    if not MONTH.fullmatch(row["work_start_date" if work else "study_start_date"]):
        raise Refused("work_start_date" if work else "study_start_date", "not a month")
    if decimal.Decimal(row["length_work" if work else "length_study"]) == 0:
        raise Refused("length_work" if work else "length_study", "no length")


def digest(flows):
    lines = sorted(f"{home}\t{host}\t{rows}\n".encode() for (home, host), rows in flows.items())
    return hashlib.sha256(b"".join(lines)).hexdigest()


def table(flows):
    top = sorted(flows.items(), key=lambda flow: (-flow[1], flow[0]))[:10]
    return {"digest": digest(flows), "pairs": len(flows), "top": [[*pair, rows] for pair, rows in top]}


class Sums:
    def __init__(self):
        self.kinds = collections.Counter()
        self.stays = collections.Counter()
        self.hosts = collections.Counter()
        self.employers = collections.Counter()
        self.pseudo_codes = collections.Counter()
        self.ects = self.months = decimal.Decimal(0)
        self.refused = []

    def take(self, number, row):
        try:
            check(row)
        except Refused as refusal:
            column, reason = refusal.args
            self.refused.append({"record": number, "column": column, "reason": reason})
            return
        kind, home, host = row["mobility_type"], code(row["home_institution"]), code(row["host_institution"])
        self.kinds[kind] += 1
        self.ects += decimal.Decimal(row["ects_total"])
        self.months += decimal.Decimal(row["length_study"]) + decimal.Decimal(row["length_work"])
        self.stays["study"] += kind != "P"
        self.stays["work"] += kind != "S" or decimal.Decimal(row["length_work"]) > 0
        if kind == "P":
            country = row["country_work_placement"].strip()
            employer = f"{squeezed(row['work_placement'])}, {ISO_COUNTRY.get(country, country)}"
            self.employers[home, employer] += 1
        else:
            self.hosts[home, host] += 1
        for institution in filter(None, (home, host)):
            if not INSTITUTION_CODE.fullmatch(institution):
                self.pseudo_codes[institution] += 1

    def json(self):
        return {
            "records": self.kinds.total() + len(self.refused),
            "kinds": dict(sorted(self.kinds.items())),
            "ects": str(self.ects),
            "months": str(self.months),
            "stays": dict(sorted(self.stays.items())),
            "hosts": table(self.hosts),
            "employers": table(self.employers),
            "pseudo_codes": dict(sorted(self.pseudo_codes.items())),
            "refused": self.refused,
        }


def opened(path):
    file = open(path, "rb")
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return io.TextIOWrapper(gzip.GzipFile(fileobj=file) if packed else file, encoding="utf-8-sig", newline="")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file")
    arguments.add_argument("--every", type=int, default=1, metavar="K")
    arguments.add_argument("--write", metavar="SAMPLE")
    given = arguments.parse_args()
    sums, sample = Sums(), io.StringIO(newline="")
    writer = csv.writer(sample, delimiter=";", lineterminator="\n")
    with opened(given.file) as file:
        reader = csv.reader(file, delimiter=";")
        header = next(reader, None)
        if header != COLUMNS:
            sys.exit(f"{given.file}: the columns are not those of a mobilities file")
        writer.writerow(header)
        for at, fields in enumerate(reader):
            if at % given.every == 0:
                writer.writerow(fields)
                row = dict(zip(COLUMNS, fields)) if len(fields) == len(COLUMNS) else {None: fields}
                sums.take(at // given.every + 1, row)
    if given.write:
        with gzip.open(given.write, "wb") as packed:
            packed.write(sample.getvalue().encode())
    json.dump(sums.json(), sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main()
