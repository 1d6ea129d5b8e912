"""A gateway between a simulated Meta and a bot, each a program of its own on loopback. Knows no payloads."""

import httpx

from batch import signature
from processes import Process, until

URI = "support"
KEY = "a key that opens everything in this test"
APP_ID = "670843887433847"
APP_SECRET = "what Meta signs with"
ROUTE_SECRET = "what Wharf signs with"
VERIFY_TOKEN = "what Meta says first"
TOKEN = "EAAGpeers"

SETTINGS = """
[server]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
[storage]
path = "{data}"
[graph]
base_url = "{graph}"
[[gateway]]
uri = "{URI}"
whatsapp_token = "{TOKEN}"
app_secret = "{APP_SECRET}"
app_id = "{APP_ID}"
verify_token = "{VERIFY_TOKEN}"
[[gateway.route]]
name = "bot"
url = "{bot}"
secret = "{ROUTE_SECRET}"
[[key]]
name = "peers"
secret = "{KEY}"
scopes = ["admin", "inspect", "send"]
"""


class House:
    """A running gateway with two engaged accounts of two numbers each."""

    def __init__(self, folder, bot):
        self._http = httpx.Client(trust_env=False, timeout=60)
        self._running = []
        try:
            self._start(folder, bot)
        except BaseException:
            self.stop()
            raise

    def _start(self, folder, bot):
        sandbox = self._run(
            "sandbox", "--listen", "127.0.0.1:0", "--accounts", "2", "--numbers", "2", "--rate", "0",
            "--app-id", APP_ID, "--app-secret", APP_SECRET, "--token", TOKEN, "--disorder", "0",
        )  # fmt: skip
        graph = sandbox.wait_for(r'base_url += "(http://127\.0\.0\.1:\d+)"')[1]
        settings = folder / "wharf.toml"
        settings.write_text(SETTINGS.format(data=folder / "data", graph=graph, bot=bot.url, **globals()))
        self.wharf = self._run("serve", "--config", str(settings), env={"RUST_LOG": "info"})
        listening = self.wharf.wait_for(r"callbacks at (http://[\d.]+:\d+), operators at (http://[\d.]+:\d+)")
        self.url, self.ops = listening[1], listening[2]
        self._register(graph)
        assert all("error" not in account for account in self._verb("setup"))
        accounts = self._verb("subscribe")
        assert len(accounts) == 2 and all(account["subscribed_fields"] for account in accounts), accounts
        self.numbers = [number for account in accounts for number in numbers_of(account)]

    def _run(self, *arguments, env=None):
        process = Process(*arguments, env=env)
        self._running.append(process)
        return process

    def _register(self, graph):
        """What the App Dashboard does: Meta shakes hands with the callback and remembers it."""
        parameters = {
            "object": "whatsapp_business_account",
            "callback_url": f"{self.url}/{URI}",
            "verify_token": VERIFY_TOKEN,
            "fields": "messages",
        }
        bearer = {"Authorization": f"Bearer {APP_ID}|{APP_SECRET}"}
        answer = self._http.post(f"{graph}/v25.0/{APP_ID}/subscriptions", json=parameters, headers=bearer)
        assert answer.json() == {"success": True}, answer.text

    def _verb(self, verb):
        bearer = {"Authorization": f"Bearer {KEY}"}
        answer = self._http.get(f"{self.url}/{URI}", params={"whatsapp": verb}, headers=bearer)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def receive(self, body):
        """Posts a webhook as Meta does; the status."""
        headers = {"X-Hub-Signature-256": signature(APP_SECRET, body), "Content-Type": "application/json"}
        return self._http.post(f"{self.url}/{URI}", content=body, headers=headers).status_code

    def api(self, path):
        """What operators see at `/api/{path}`."""
        answer = self._http.get(f"{self.ops}/api/{path}", headers={"Authorization": f"Bearer {KEY}"})
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def metrics(self):
        """What Prometheus scrapes."""
        answer = self._http.get(f"{self.ops}/metrics")
        assert answer.status_code == 200, answer.text
        return answer.text

    def settled_ledger(self):
        """The ledger once every delivery has ended."""
        pending = lambda ledger: any(route["pending"] for route in ledger["routes"].values())  # noqa: E731
        return until("deliveries end", lambda: (ledger := self.api("ledger")) and not pending(ledger) and ledger)

    def stop(self):
        """Ends what runs, last started first; the exit codes."""
        codes = [process.stop() for process in reversed(self._running)]
        self._running.clear()
        return codes


def numbers_of(account):
    """The numbers of an account as webhooks name them."""
    for number in account["phone_numbers"]:
        digits = "".join(filter(str.isdigit, number["display_phone_number"]))
        yield {"waba": account["id"], "id": number["id"], "digits": digits}
