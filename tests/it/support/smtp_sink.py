"""A real SMTP server for the tests: keeps what it accepts, and answers by the local part of the recipient.

usage: smtp_sink.py FOLDER [--storm SEED] [--tls CERTIFICATE KEY | --starttls CERTIFICATE KEY] [--login USER PASSWORD] [--port N]

Prints `port N` once it listens on the loopback address, then `seen ADDRESS` for each recipient it has answered and
`kept ADDRESS` for each message it has written. Ends when its standard input closes.

  anything@      250: kept
  defer+N@       451 to the first N tries, then kept
  refuse@        550
  drop+N@        the connection is cut without an answer at the first N tries, then kept
  hang@          no answer at all

FOLDER/ADDRESS/NNNN.json is one kept message: sender, subject, headers, text, html, raw. FOLDER/ADDRESS/tries has one
line per try with the answer given.

In a storm every other address meets a fault in about one of three tries, drawn from SEED: put off before and after DATA,
told that the service closes, cut off before DATA, after it without keeping and after keeping, kept waiting and then cut off
or answered late; and now and then the server cuts every line and refuses connections for a moment. FOLDER/faults has one
line per fault: its kind and the X-Notification-Id where it is known.

With --tls the first byte is TLS, with --starttls the server offers it. With --login nothing is taken without these;
FOLDER/logins has one line per try to log in.
"""

import asyncio
import email
import email.policy
import itertools
import json
import pathlib
import random
import re
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

# Seconds that a hanging server keeps a client waiting in a storm, and that it refuses connections.
HANG, DEAF = 0.4, 0.3


def say(line):
    print(line, flush=True)


def part(message, kind):
    body = message.get_body(preferencelist=(kind,))
    return body.get_content() if body is not None else None


class Storm:
    """Faults by kind, drawn from a seed; remembers the lines it can cut."""

    BEFORE = ["later", "closing", "cut", "hang", "deaf"]
    AFTER = ["later-after", "cut-after", "cut-kept", "hang-after", "late"]

    def __init__(self, folder, seed):
        self.random = random.Random(seed)
        self.log = open(folder / "faults", "a", encoding="utf-8")
        self.lines = set()
        self.decks = {}
        self.deaf = asyncio.Event()

    def draw(self, kinds):
        """Now and then a kind, each as often as the others: from a deck that is shuffled anew when it is used up."""
        if self.random.random() >= 0.18:
            return None
        deck = self.decks.setdefault(kinds[0], [])
        if not deck:
            deck.extend(self.random.sample(kinds, len(kinds)))
        return deck.pop()

    def note(self, kind, message=None):
        print(kind, message["X-Notification-Id"] if message is not None else "-", file=self.log, flush=True)

    async def before(self, server):
        self.lines.add(server.transport)
        kind = self.draw(self.BEFORE)
        if kind is None:
            return None
        self.note(kind)
        if kind == "later":
            return "451 4.3.0 Come back later"
        if kind == "closing":
            asyncio.get_running_loop().call_later(0.05, server.transport.close)
            return "421 4.3.2 Closing"
        if kind == "hang":
            await asyncio.sleep(HANG)
        if kind == "deaf":
            self.deaf.set()
        server.transport.abort()
        return "451 4.3.0 Nobody hears this"

    async def after(self, server, message, keep):
        kind = self.draw(self.AFTER)
        if kind in (None, "cut-kept", "late"):
            keep()
        if kind is None:
            return "250 2.0.0 Kept"
        self.note(kind, message)
        if kind in ("hang-after", "late"):
            await asyncio.sleep(HANG)
        if kind.startswith("cut") or kind == "hang-after":
            server.transport.abort()
        return "250 2.0.0 Kept" if kind == "late" else "451 4.3.0 Not taken"


class Sink:
    def __init__(self, folder, storm):
        self.folder = folder
        self.storm = storm
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
        fault = await self.storm.before(server) if self.storm and answer.startswith("250") else None
        if fault is not None:
            return fault
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
        if self.storm:
            return await self.storm.after(server, message, lambda: self.keep(envelope, kept))
        self.keep(envelope, kept)
        return "250 2.0.0 Kept"

    def keep(self, envelope, kept):
        for address in envelope.rcpt_tos:
            name = self.folder / address / f"{next(self.serial):06}"
            name.with_suffix(".part").write_text(json.dumps(kept), encoding="utf-8")
            name.with_suffix(".part").rename(name.with_suffix(".json"))
            say(f"kept {address}")


async def go_deaf(storm, listener, listen, port):
    """Whenever the storm asks for it: cuts every line and refuses connections for a moment."""
    while True:
        await storm.deaf.wait()
        storm.deaf.clear()
        listener.close()
        for line in storm.lines:
            line.abort()
        storm.lines.clear()
        await asyncio.sleep(DEAF)
        listener = await listen(port)


async def main(folder, options):
    loop = asyncio.get_running_loop()
    storm = Storm(folder, int(options["--storm"][0])) if "--storm" in options else None
    sink = Sink(folder, storm)
    certificate = options.get("--tls") or options.get("--starttls")
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*certificate)
    login = options.get("--login")

    def check(server, session, envelope, mechanism, data):
        said = [data.login.decode(), data.password.decode()]
        with open(folder / "logins", "a", encoding="utf-8") as logins:
            print(" ".join(said), file=logins)
        return AuthResult(success=said == login, handled=False)

    def smtp():
        return SMTP(
            sink, enable_SMTPUTF8=True, loop=loop, tls_context=tls if "--starttls" in options else None,
            authenticator=check, auth_required=login is not None, auth_require_tls="--starttls" in options,
        )

    def listen(port):
        wrapped = tls if "--tls" in options else None
        return loop.create_server(smtp, "127.0.0.1", port, ssl=wrapped, reuse_address=True)

    server = await listen(int(options.get("--port", ["0"])[0]))
    port = server.sockets[0].getsockname()[1]
    say(f"port {port}")
    deaf = asyncio.ensure_future(go_deaf(storm, server, listen, port)) if storm else None
    await loop.run_in_executor(None, sys.stdin.read)
    if deaf:
        deaf.cancel()
    server.close()


def read(arguments):
    """The folder, and each option with the values behind it."""
    options, name = {}, None
    for argument in arguments[1:]:
        if argument.startswith("--"):
            name = argument
            options[name] = []
        else:
            options[name].append(argument)
    return pathlib.Path(arguments[0]), options


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    asyncio.run(main(*read(sys.argv[1:])))
