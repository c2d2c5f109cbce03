"""Another reading of an iCalendar file: prints what icalendar (PyPI) finds in standard input, as JSON.

Every fault it reports, in a component or a property, ends it with status 1.
"""

import json
import sys

from icalendar import Calendar


def faults(component):
    found = [f"{component.name}: {name} {why}" for name, why in getattr(component, "errors", [])]
    return found + [fault for part in component.subcomponents for fault in faults(part)]


def entry(event):
    alarms = [part for part in event.subcomponents if part.name == "VALARM"]
    return {
        "uid": str(event["UID"]),
        "start": event["DTSTART"].dt.isoformat(),
        "stamp": event["DTSTAMP"].dt.isoformat(),
        "summary": str(event["SUMMARY"]),
        "description": str(event["DESCRIPTION"]),
        "url": str(event["URL"]),
        "alarms": [alarm["TRIGGER"].dt.total_seconds() for alarm in alarms],
    }


raw = sys.stdin.buffer.read()
calendar = Calendar.from_ical(raw)
wrong = faults(calendar)
wrong += [f"line {n}: longer than 75 octets" for n, line in enumerate(raw.split(b"\r\n"), 1) if len(line) > 75]
wrong += [f"line {n}: a bare line break" for n, line in enumerate(raw.split(b"\r\n"), 1) if b"\n" in line or b"\r" in line]
if wrong:
    sys.exit("\n".join(wrong))
head = {name: str(calendar[name]) for name in ("VERSION", "PRODID", "CALSCALE")}
print(json.dumps({**head, "METHOD": calendar.get("METHOD"), "entries": [entry(e) for e in calendar.walk("VEVENT")]}))
