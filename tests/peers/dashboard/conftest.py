"""A stage to look at, and Chromium to look with, once for all tests; they go through the dashboard in order."""

import pytest
from browser import Browser
from stage import Stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    stage = Stage(tmp_path_factory.mktemp("wharf"))
    yield stage
    assert stage.stop()[0] == 0, "Wharf drains and ends well when it is told to"


@pytest.fixture(scope="session")
def browser(stage, tmp_path_factory):
    browser = Browser(stage.ops, tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.stop()


@pytest.fixture(autouse=True)
def clean(browser):
    """Whatever a test does: no complaint in the console, and no name that became markup."""
    yield
    assert browser.complaints() == []
    assert browser.run("return document.title") != "owned"
    assert not browser.run("return document.querySelector('img[src=x]')"), "a name became markup"
