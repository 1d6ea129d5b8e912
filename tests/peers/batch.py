"""A webhook as Meta batches them: several messages and statuses, two numbers, two accounts. Knows bytes, no HTTP."""

import hashlib
import hmac
import json
import time


def signature(secret, body):
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Batch:
    """One POST of eight items: six texts and two statuses."""

    def __init__(self, first, second, neighbour, name, user_ids):
        """`first` and `second` are numbers of one account, `neighbour` is another account's."""
        self.texts = {}
        self.statuses = set()
        self.number_of = {}
        self._name = name
        self._user_ids = user_ids
        self._at = int(time.time())
        entries = [
            (first, [self._texts(first, 3), self._statuses(first), self._texts(second, 2)]),
            (neighbour, [self._texts(neighbour, 1)]),
        ]
        post = {
            "object": "whatsapp_business_account",
            "entry": [{"id": number["waba"], "changes": changes} for number, changes in entries],
        }
        self.body = json.dumps(post, separators=(",", ":")).replace("/", "\\/").encode("ascii")

    @property
    def items(self):
        """How many items it holds."""
        return len(self.texts) + len(self.statuses)

    def _texts(self, number, count):
        people = [self._person(len(self.texts) + nth) for nth in range(count)]
        return self._change(number, people, messages=[self._text(number, person) for person in people])

    def _text(self, number, person):
        nth = len(self.texts)
        wamid, text = f"wamid.{self._name}-{nth}", f"ahoi {nth} \N{SAILBOAT}"
        self.texts[wamid] = text
        self.number_of[wamid] = number["id"]
        message = {"id": wamid, "timestamp": str(self._at + nth), "type": "text", "text": {"body": text}}
        if "wa_id" in person:
            message["from"] = person["wa_id"]
        if "user_id" in person:
            message["from_user_id"] = person["user_id"]
        return message

    def _statuses(self, number):
        person = self._person(0)
        statuses = []
        for word in ("delivered", "read"):
            status = {"id": f"wamid.{self._name}-out", "status": word, "timestamp": str(self._at)}
            status["recipient_id"] = person["wa_id"]
            if "user_id" in person:
                status["recipient_user_id"] = person["user_id"]
            statuses.append(status)
            self.statuses.add((status["id"], word))
        return self._change(number, [person], statuses=statuses)

    def _person(self, nth):
        # The simulated Meta makes faults for recipients that end below 1000.
        person = {"profile": {"name": f"Åse no. {nth}"}}
        hidden = self._user_ids and nth % 3 == 2
        if not hidden:
            person["wa_id"] = f"479000{5000 + nth}"
        if self._user_ids:
            person["user_id"] = f"NO.770000000000{5000 + nth}"
            person["profile"]["username"] = f"aase.{nth}"
        return person

    @staticmethod
    def _change(number, people, **items):
        metadata = {"display_phone_number": number["digits"], "phone_number_id": number["id"]}
        value = {"messaging_product": "whatsapp", "metadata": metadata, "contacts": people, **items}
        return {"value": value, "field": "messages"}
