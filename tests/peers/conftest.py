"""A pywa bot and the gateway in front of it, once per test file."""

import pytest
from bot import Bot
from house import KEY, ROUTE_SECRET, House


@pytest.fixture(scope="module")
def bot():
    bot = Bot(ROUTE_SECRET, token=KEY)
    yield bot
    bot.stop()


@pytest.fixture(scope="module")
def house(bot, tmp_path_factory):
    house = House(tmp_path_factory.mktemp("wharf"), bot)
    bot.answer_through(house.url)
    yield house
    assert house.stop()[0] == 0, "Wharf drains and ends well when it is told to"
