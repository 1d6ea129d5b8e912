"""The programs in deploy/APPLICATIONS.md, started as they stand there and given real deliveries; and the shell in all
documents, read by bash. Knows documents, no payloads."""

import http.server
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest
from batch import Batch
from house import ROUTE_SECRET, House
from processes import ROOT, until

DOCUMENTS = [ROOT / name for name in ("README.md", "deploy/README.md", "deploy/RUNBOOK.md", "deploy/APPLICATIONS.md")]
BLOCK = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
# The language of a block: the file it goes into, and what runs it. Node.js is a must in these tests, Java is not.
RUNNERS = {
    "python": ("receiver.py", [sys.executable]),
    "javascript": ("receiver.mjs", ["node"]),
    "java": ("Receiver.java", ["java"]),
}


def blocks(document, language, info=""):
    """Blocks of a language as `(line, text)`, without the indent that a list gives them."""
    text = document.read_text()
    for match in BLOCK.finditer(text):
        if match[2] == language and match[3].strip() == info:
            lines = [line.removeprefix(match[1]) for line in match[4].splitlines(keepends=True)]
            yield text.count("\n", 0, match.start()) + 1, "".join(lines)


class Recorder:
    """An application that takes everything and keeps it as it came."""

    def __init__(self):
        self.deliveries = deliveries = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                deliveries.append((dict(self.headers.items()), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory):
    """Two real deliveries: headers and body."""
    recorder = Recorder()
    house = House(tmp_path_factory.mktemp("documents"), recorder)
    first, second, neighbour, _ = house.numbers
    assert house.receive(Batch(first, second, neighbour, "documents", False).body) == 200
    until("two deliveries", lambda: len(recorder.deliveries) >= 2)
    house.stop()
    recorder.stop()
    return recorder.deliveries[:2]


class Receiver:
    """A program of the document, running."""

    def __init__(self, language, folder):
        name, runner = RUNNERS[language]
        [(_, text)] = blocks(ROOT / "deploy/APPLICATIONS.md", language, "receiver")
        (folder / name).write_text(text)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        env = {**os.environ, "ROUTE_SECRET": ROUTE_SECRET, "PORT": str(self.port), "EVENTS_DB": str(folder / "events.db")}
        self._said = open(folder / "said", "w+")
        self._popen = subprocess.Popen([*runner, name], cwd=folder, env=env, stdout=self._said)
        until("the receiver listens", self._listens)

    def _listens(self):
        assert self._popen.poll() is None, "the receiver ended"
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", self.port)) == 0

    def post(self, headers, body):
        """The status."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/webhook", data=body, method="POST")
        for name, value in headers.items():
            if name.lower() not in ("host", "content-length", "connection"):
                request.add_header(name, value)
        try:
            return urllib.request.urlopen(request, timeout=10).status
        except urllib.error.HTTPError as error:
            return error.code

    def new(self):
        """The ids that it took for new."""
        self._said.flush()
        with open(self._said.name) as said:
            return [line.split()[1] for line in said if line.startswith("new ")]

    def stop(self):
        self._popen.terminate()
        self._popen.wait(timeout=10)
        self._said.close()


@pytest.fixture(params=[language for language, (_, runner) in RUNNERS.items() if shutil.which(runner[0])])
def receiver(request, tmp_path):
    receiver = Receiver(request.param, tmp_path)
    yield receiver
    receiver.stop()


def header(headers, name):
    return next(value for known, value in headers.items() if known.lower() == name)


def test_a_receiver_takes_what_is_genuine_once_and_refuses_the_rest(receiver, deliveries):
    (headers, body), (other_headers, other_body) = deliveries
    changed = {name: value for name, value in headers.items() if name.lower() != "webhook-id"}
    old = {name: "1700000000" if name.lower() == "webhook-timestamp" else value for name, value in headers.items()}
    unsigned = {name: value for name, value in headers.items() if name.lower() != "webhook-signature"}
    two = {name: f"v1,AAAA {value}" if name.lower() == "webhook-signature" else value for name, value in headers.items()}
    assert receiver.post(headers, body[:-1] + b" ") == 401, "another byte"
    assert receiver.post(headers, other_body) == 401, "another body"
    assert receiver.post({**changed, "webhook-id": "1.1"}, body) == 401, "another id"
    assert receiver.post(old, body) == 401, "an old timestamp"
    assert receiver.post(unsigned, body) == 401, "no signature"
    assert receiver.new() == []
    assert receiver.post(headers, body) == 200
    assert receiver.post(two, body) == 200, "the second of two signatures, while the secret changes"
    assert receiver.post(other_headers, other_body) == 200
    ids = [header(headers, "webhook-id"), header(other_headers, "webhook-id")]
    until("each is new once", lambda: receiver.new() == ids)


def test_every_block_of_shell_is_shell():
    found = 0
    for document in DOCUMENTS:
        for line, text in blocks(document, "sh"):
            read = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, timeout=10)
            assert read.returncode == 0, f"{document.name}:{line}: {read.stderr}"
            found += 1
    assert found > 10, "the documents show shell"
