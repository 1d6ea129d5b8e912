"""A pywa bot as its users write one: it notes what it handles and answers every text. Knows nothing of Wharf."""

import threading

import flask
import httpx
import pywa
from pywa import filters
from werkzeug.serving import make_server

PATH = "/webhook"


class Bot:
    """A running bot. Its server validates signatures; handlers note `(kind, id, status or text)`; `trackers` has the
    bot's own values that came back with the statuses of a message."""

    def __init__(self, app_secret, token="none yet"):
        self.handled = []
        self.answers = {}
        self.trackers = {}
        self.failures = []
        self.answered_with = []
        self._base_url = None
        self._session = httpx.Client(trust_env=False, event_hooks={"response": [self._note_answer]})
        app = flask.Flask("bot")
        self.client = pywa.WhatsApp(
            token=token,
            session=self._session,
            server=app,
            webhook_endpoint=PATH,
            verify_token="the bot's own",
            app_secret=app_secret,
            filter_updates=False,  # it serves more than one number
        )
        self.client.on_message(filters.text)(self._on_text)
        self.client.on_message_status()(self._on_status)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}{PATH}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def answer_through(self, base_url):
        """All that changes for a bot that moves behind Wharf; its token was given before."""
        version = self._session.base_url.path.strip("/")
        self._session.base_url = f"{base_url}/{version}"
        self._base_url = base_url

    def ids(self, kind):
        """The ids of what it handled."""
        return [(id, detail) for handled, id, detail in self.handled if handled == kind]

    def stop(self):
        self._server.shutdown()
        self._thread.join(timeout=10)
        self._server.server_close()
        self._session.close()

    def _on_text(self, _client, message):
        self.handled.append(("message", message.id, message.text))
        if self._base_url is None:
            return
        try:
            self.answers[message.id] = message.reply_text(f"You said: {message.text}").id
        except Exception as error:  # pywa logs it and goes on
            self.failures.append(error)
            raise

    def _on_status(self, _client, status):
        self.trackers.setdefault(status.id, set()).add(status.tracker)
        self.handled.append(("status", status.id, str(getattr(status.status, "value", status.status))))

    def _note_answer(self, response):
        self.answered_with.append((response.status_code, response.headers.get("X-Wharf-Message")))
