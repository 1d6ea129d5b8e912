"""What a pywa bot sends by itself, through Wharf: only its base URL and token changed. Run once per pywa version."""

import pytest
from processes import until
from pywa.types import Button
from pywa.types.templates import BodyText, TemplateLanguage

PICTURE = b"no real picture, but nobody looks"
# The simulated Meta makes faults for recipients that end below 1000.
FIRST_CUSTOMER = 4790005000


class Sender:
    """A pywa client that sends from one number, and what Wharf knows of what it sent."""

    def __init__(self, bot, house):
        self.client, self.number = bot.client, house.numbers[0]["id"]
        self._bot, self._house, self._customers = bot, house, 0

    def next_customer(self):
        self._customers += 1
        return str(FIRST_CUSTOMER + self._customers)

    def text(self, **more):
        """Sends a text to somebody new; Meta's id."""
        sent = self.client.send_message(self.next_customer(), "ahoi \N{SAILBOAT}", sender=self.number, **more)
        return sent.id

    def record(self, wamid):
        """Wharf's record of what was sent last."""
        record = self._house.api(f"messages/{self._bot.answered_with[-1][1]}")
        assert record["wamid"] == wamid, "the id that pywa got is Meta's"
        return record


@pytest.fixture(scope="module")
def sender(bot, house):
    return Sender(bot, house)


def test_pywa_sends_a_picture_by_its_link(sender):
    to = sender.next_customer()
    sent = sender.client.send_image(to, "https://example.com/boat.png", caption="a boat", sender=sender.number)
    record = sender.record(sent.id)
    assert (record["kind"], record["to"]) == ("image", to)


def test_pywa_sends_a_template(sender):
    params = [BodyText.params(order="7")]
    sent = sender.client.send_template(
        sender.next_customer(), "order_confirmation", TemplateLanguage.ENGLISH_US, params, sender=sender.number
    )
    record = sender.record(sent.id)
    assert (record["kind"], record["template"]) == ("template", "order_confirmation")


def test_pywa_sends_buttons(sender):
    buttons = [Button("Yes", callback_data="yes"), Button("No", callback_data="no")]
    sent = sender.client.send_message(sender.next_customer(), "Sail today?", buttons=buttons, sender=sender.number)
    assert sender.record(sent.id)["kind"] == "interactive"


def test_pywa_marks_a_message_as_read(sender):
    assert sender.client.mark_message_as_read("wamid.of-a-customer", sender=sender.number)


def test_pywa_uploads_a_file_looks_it_up_downloads_it_and_deletes_it_by_wharfs_key(sender, house):
    client = sender.client
    uploaded = client.upload_media(PICTURE, mime_type="image/png", filename="boat.png", phone_id=sender.number)
    node = client.get_media_url(uploaded.id)
    assert node.url.startswith(house.url) and node.url.endswith(f"/{uploaded.id}/content"), "it leads to Wharf"
    assert node.file_size == len(PICTURE)
    assert client.get_media_bytes(node.url) == PICTURE
    assert client.delete_media(uploaded.id)
    with pytest.raises(Exception, match="does not exist|deleted"):
        client.get_media_url(uploaded.id)


def test_states_follow_the_statuses_to_read_and_pywa_sees_its_own_value_in_them(sender, bot, house):
    # One message in five is never read.
    sent = {}
    for nth in range(12):
        wamid = sender.text(tracker=f'order "{nth}"')
        sent[wamid] = (f'order "{nth}"', sender.record(wamid)["id"])
    told = lambda word: {wamid for wamid, status in bot.ids("status") if status == word} & sent.keys()  # noqa: E731
    until("all are delivered and some are read", lambda: told("delivered") == sent.keys() and told("read"))
    for wamid in told("read"):
        message = sent[wamid][1]
        until(f"{message} is read", lambda message=message: house.api(f"messages/{message}")["state"] == "read")
    assert {wamid: bot.trackers[wamid] for wamid in sent} == {wamid: {own} for wamid, (own, _) in sent.items()}


def test_pywa_never_sees_wharfs_mark(sender, bot):
    wamid = sender.text()
    until("a status", lambda: wamid in bot.trackers)
    assert bot.trackers[wamid] == {None}
