"""A real SMTP server for the tests: keeps what it accepts, and answers by the local part of the recipient.

usage: smtp_sink.py FOLDER

Prints `port N` once it listens on the loopback address, then `seen ADDRESS` for each recipient it has answered and
`kept ADDRESS` for each message it has written. Ends when its standard input closes.

  anything@      250: kept
  defer+N@       451 to the first N tries, then kept
  refuse@        550
  drop+N@        the connection is cut without an answer at the first N tries, then kept
  hang@          no answer at all

FOLDER/ADDRESS/NNNN.json is one kept message: sender, subject, headers, text, html, raw. FOLDER/ADDRESS/tries has one
line per try with the answer given.
"""

import asyncio
import email
import email.policy
import itertools
import json
import pathlib
import re
import sys

from aiosmtpd.smtp import SMTP


def say(line):
    print(line, flush=True)


def part(message, kind):
    body = message.get_body(preferencelist=(kind,))
    return body.get_content() if body is not None else None


class Sink:
    def __init__(self, folder):
        self.folder = folder
        self.serial = itertools.count(1)

    def answer(self, address, tries):
        word, _, number = address.partition("@")[0].partition("+")
        first = int(number) if number.isdigit() else sys.maxsize
        if word == "refuse":
            return "550 5.1.1 No such mailbox here"
        if word == "defer" and tries < first:
            return "451 4.3.0 Come back later"
        if word == "drop" and tries < first:
            return "cut"
        return "hang" if word == "hang" else "250 2.1.5 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        address = address.lower()
        if not re.fullmatch(r"[a-z0-9.+_-]+@[a-z0-9.-]+", address):
            return "553 5.1.3 Not an address this server can keep"
        folder = self.folder / address
        folder.mkdir(exist_ok=True)
        with open(folder / "tries", "a+", encoding="utf-8") as tries:
            tries.seek(0)
            answer = self.answer(address, len(tries.readlines()))
            tries.write(answer + "\n")
        say(f"seen {address}")
        if answer == "hang":
            await asyncio.Event().wait()
        if answer == "cut":
            server.transport.abort()
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        kept = {
            "sender": envelope.mail_from,
            "subject": message["Subject"],
            "headers": [[name, str(value)] for name, value in message.items()],
            "text": part(message, "plain"),
            "html": part(message, "html"),
            "raw": envelope.content.decode("utf-8", "replace"),
        }
        for address in envelope.rcpt_tos:
            name = self.folder / address / f"{next(self.serial):06}"
            name.with_suffix(".part").write_text(json.dumps(kept), encoding="utf-8")
            name.with_suffix(".part").rename(name.with_suffix(".json"))
            say(f"kept {address}")
        return "250 2.0.0 Kept"


async def main(folder):
    loop = asyncio.get_running_loop()
    sink = Sink(folder)
    server = await loop.create_server(lambda: SMTP(sink, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
    say(f"port {server.sockets[0].getsockname()[1]}")
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    asyncio.run(main(pathlib.Path(sys.argv[1])))
