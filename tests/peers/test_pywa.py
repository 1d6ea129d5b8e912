"""An existing pywa bot, moved behind Wharf by nothing but a base URL and a token. Run once per pywa version."""

from importlib.metadata import version

import httpx
import pytest
from batch import Batch, signature
from bot import Bot
from processes import until

# Business-scoped user ids came with pywa 4.
USER_IDS = int(version("pywa").split(".")[0]) >= 4
# What a bot without Wharf believes: Meta signs with the app's secret.
OWN_SECRET = "the app's own"


@pytest.fixture(scope="module")
def received(house):
    """A batch that Wharf has taken."""
    first, second, neighbour, _ = house.numbers
    batch = Batch(first, second, neighbour, "peers", USER_IDS)
    assert house.receive(batch.body) == 200
    return batch


@pytest.fixture
def bot_alone():
    bot = Bot(OWN_SECRET)
    yield bot
    bot.stop()


def a_batch():
    numbers = [{"waba": waba, "id": f"72000000000000{nth}", "digits": f"1555010000{nth}"}
               for nth, waba in enumerate(("710000000000001", "710000000000001", "710000000000002"))]  # fmt: skip
    return Batch(*numbers, "alone", USER_IDS)


def deliver_alone(bot, body, signed):
    headers = {"X-Hub-Signature-256": signed, "Content-Type": "application/json"}
    return httpx.post(bot.url, content=body, headers=headers, trust_env=False).status_code


def test_alone_pywa_handles_the_first_item_of_a_batch_and_loses_the_others(bot_alone):
    batch = a_batch()
    assert deliver_alone(bot_alone, batch.body, signature(OWN_SECRET, batch.body)) == 200
    assert batch.items == 8
    assert bot_alone.ids("message") == [next(iter(batch.texts.items()))]
    assert bot_alone.ids("status") == []


def test_pywa_handles_nothing_that_is_signed_with_another_secret(bot_alone):
    batch = a_batch()
    deliver_alone(bot_alone, batch.body, signature("somebody else's", batch.body))
    assert bot_alone.handled == []


def test_through_wharf_pywa_handles_every_item_of_the_batch(bot, received):
    until("every text is handled", lambda: received.texts.items() <= set(bot.ids("message")))
    until("every status is handled", lambda: received.statuses <= set(bot.ids("status")))
    assert len(bot.ids("message")) == len(received.texts), "each exactly once"


def test_pywa_answers_by_base_url_and_token_only_and_meta_takes_it(bot, house, received):
    until("every text is answered", lambda: bot.answers.keys() >= received.texts.keys() or bot.failures)
    assert bot.failures == []
    assert [status for status, _ in bot.answered_with] == [200] * len(received.texts), "as Graph answered"
    sent = {message["wamid"]: message for message in map(lambda id: house.api(f"messages/{id}"), message_ids(bot))}
    # The ids that pywa got are those of the simulated Meta, and each answer left from the number that was written to.
    assert sent.keys() == set(bot.answers.values())
    for wamid, answer in bot.answers.items():
        assert sent[answer]["number"] == received.number_of[wamid]
        assert [attempt["status"] for attempt in sent[answer]["attempts"]] == [200]


def test_statuses_of_the_answers_move_their_states_and_reach_the_bot(bot, house, received):
    until("every text is answered", lambda: bot.answers.keys() >= received.texts.keys())
    arrived = {"delivered", "read"}
    states = lambda: {house.api(f"messages/{id}")["state"] for id in message_ids(bot)}  # noqa: E731
    until("every answer is delivered", lambda: states() <= arrived)
    delivered = {(wamid, "delivered") for wamid in bot.answers.values()}
    until("the bot hears of it", lambda: delivered <= set(bot.ids("status")))


def test_the_ledger_balances_and_shows_every_item_delivered(house, received, bot):
    until("every text is answered", lambda: bot.answers.keys() >= received.texts.keys())
    ledger = house.settled_ledger()
    assert ledger["balanced"], ledger["faults"]
    route = ledger["routes"]["support/bot"]
    assert route["delivered"] == ledger["routed"] >= received.items and route["dead"] == 0
    assert ledger["messages"]["taken"] == ledger["messages"]["submitted"] == len(received.texts)


def message_ids(bot):
    return [message for _, message in bot.answered_with]
