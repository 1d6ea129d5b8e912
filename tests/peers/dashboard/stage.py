"""A gateway with something to look at: a hostile name, mail, an application in any mood, a stray. Knows no browser."""

import http.server
import json
import re
import threading
import time
import urllib.error
import urllib.request

from batch import signature
from processes import Process, until

KEY = "a key that opens everything in this test"
APP_ID, APP_SECRET, TOKEN = "670843887433847", "what Meta signs with", "EAAGdashboard"
# An account that is engaged nowhere.
OTHER = "77777777777"
# What a page would run if a name were ever taken for markup.
HOSTILE = "<img src=x onerror=document.title='owned'>"

SETTINGS = """
[server]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
private_routes = true
[storage]
path = "{data}"
secret_key = "what the store's secrets are encrypted with"
[graph]
base_url = "{graph}"
[[gateway]]
uri = "support"
whatsapp_token = "{TOKEN}"
app_secret = "{APP_SECRET}"
app_id = "{APP_ID}"
verify_token = "what Meta says first"
[[gateway.route]]
name = "bot"
url = "{app}/bot"
secret = "what Wharf signs with"
[[gateway.route]]
name = "fussy"
url = "{app}/fussy"
secret = "what Wharf signs with"
types = ["message"]
final = [422]
[[key]]
name = "night-shift"
secret = "{KEY}"
scopes = ["admin", "inspect", "send"]
"""


class Server:
    """Answers what `answer(path, request)` says: a status and a body."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, told = answer(self, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            do_GET = do_POST = do_DELETE = reply

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class Stage:
    """Everything runs; no account is engaged yet."""

    def __init__(self, folder):
        self.mood = 200
        self._running = []
        self._servers = []
        try:
            self._start(folder)
        except BaseException:
            self.stop()
            raise

    def _start(self, folder):
        sandbox = self._run("sandbox", "--listen", "127.0.0.1:0", "--accounts", "2", "--numbers", "2", "--rate", "0",
                            "--app-id", APP_ID, "--app-secret", APP_SECRET, "--token", TOKEN)  # fmt: skip
        self._graph = sandbox.wait_for(r'base_url += "(http://127\.0\.0\.1:\d+)"')[1]
        graph, app = self._serve(self._as_graph), self._serve(self._as_app)
        settings = folder / "wharf.toml"
        settings.write_text(SETTINGS.format(data=folder / "data", graph=graph.url, app=app.url, **globals()))
        wharf = self._run("serve", "--config", str(settings), env={"RUST_LOG": "info"})
        listening = wharf.wait_for(r"callbacks at (http://[\d.]+:\d+), operators at (http://[\d.]+:\d+)")
        self.public, self.ops = listening[1], listening[2]

    def _run(self, *arguments, env=None):
        process = Process(*arguments, env=env)
        self._running.append(process)
        return process

    def _serve(self, answer):
        server = Server(answer)
        self._servers.append(server)
        return server

    def _as_app(self, request, _body):
        """The application: one path takes everything, the other answers as its mood is."""
        return (200 if request.path == "/bot" else self.mood), b"{}"

    def _as_graph(self, request, body):
        """Graph, where one account has given itself a name."""
        passed = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        asked = urllib.request.Request(self._graph + request.path, body or None, passed, method=request.command)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                status, told = answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            status, told = refusal.code, refusal.read()
        return status, re.sub(rb'"name":"[^"]* 1"', b'"name":' + json.dumps(HOSTILE).encode(), told)

    def api(self, path, body=None, method=None, key=KEY):
        """What operators see at `/api/{path}`, or what came of their doing something there."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        told = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.ops}/api/{path}", told, headers, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)

    def last(self):
        """The account's last event."""
        waba = self.account()["id"]
        return f"{waba}.{self.api(f'accounts/{waba}')['seq']}"

    def account(self):
        """The account with the name, once it is engaged."""
        named = lambda: [one for one in self.api("accounts")["data"] if one["snapshot"]["name"] == HOSTILE]  # noqa: E731
        return until("the account is engaged", named)[0]

    def write(self, count, waba=None):
        """Customers write `count` messages to the account with the name, or to one that claims to be there."""
        account = self.account()
        number = account["snapshot"]["phone_numbers"][0]
        for nth in range(count):
            message = {"from": f"4790005{nth:03}", "id": f"wamid.{time.time_ns()}", "timestamp": str(int(time.time())),
                       "type": "text", "text": {"body": f"{HOSTILE} no. {nth}"}}  # fmt: skip
            contact = {"profile": {"name": HOSTILE}, "wa_id": message["from"]}
            metadata = {"display_phone_number": "15550020000", "phone_number_id": number["id"]}
            value = {"messaging_product": "whatsapp", "metadata": metadata, "contacts": [contact], "messages": [message]}
            change = {"value": value, "field": "messages"}
            post = {"object": "whatsapp_business_account", "entry": [{"id": waba or account["id"], "changes": [change]}]}
            self._post(json.dumps(post).encode())

    def send(self, number, to):
        """An application sends a message."""
        text = {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": "hello"}}
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        asked = urllib.request.Request(f"{self.public}/v25.0/{number}/messages", json.dumps(text).encode(), headers)
        urllib.request.urlopen(asked, timeout=30).close()

    def own_route(self, waba, name):
        """Sets a route of the account's own."""
        route = {"url": f"{self._servers[-1].url}/bot", "secret": "what Wharf signs with", "types": ["message"],
                 "allow_private": True}  # fmt: skip
        self.api(f"accounts/{waba}/routes/{name}", route, "PUT")

    def _post(self, body):
        headers = {"X-Hub-Signature-256": signature(APP_SECRET, body), "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.public}/support", body, headers), timeout=30) as answer:
            assert answer.status == 200

    def stop(self):
        """Ends what runs, last started first."""
        codes = [process.stop() for process in reversed(self._running)]
        for server in self._servers:
            server.stop()
        self._running.clear()
        self._servers.clear()
        return codes
