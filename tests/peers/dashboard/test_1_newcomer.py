"""A newcomer's way, from signing in to what was given up and is delivered after all. Each test goes on where the one before ended."""

from processes import until
from stage import HOSTILE, KEY, OTHER
from selenium.webdriver.common.keys import Keys


def test_a_wrong_key_is_refused_in_the_apis_own_words_and_the_right_one_opens(browser):
    browser.sees("Sign in to Wharf")
    browser.write("Key", "not the key").send_keys(Keys.ENTER)
    browser.sees("this key is not known here")
    browser.write("Key", KEY)
    browser.press("Sign in")
    browser.sees("Needs attention")
    assert browser.run("return document.cookie") == ""


def test_who_has_no_account_yet_is_led_to_set_up_and_subscribe(browser, stage):
    browser.sees("No account is engaged.")
    browser.press("Set up")
    browser.sees("Set up every account?")
    browser.press("Set up")
    browser.sees("setup: 2 accounts. Done.")
    browser.press("Subscribe all")
    browser.press("Subscribe all")
    browser.sees("subscribe: 2 accounts. Done.")
    assert all(account["active"] for account in stage.api("accounts")["data"])


def test_the_overview_shows_names_as_text_what_is_wrong_and_that_everything_adds_up(browser, stage):
    stage.write(5)
    stage.write(2, waba=OTHER)
    browser.sees(HOSTILE)
    browser.sees("the ledger balances")
    browser.sees("2 items belong to no engaged account")
    browser.write("Find by id or name", "no such account")
    browser.sees("No account has “no such account”")
    browser.write("Find by id or name", "ONERROR")
    browser.sees(HOSTILE)


def test_an_account_shows_how_it_stands_and_its_sums(browser, stage):
    account = stage.account()
    browser.press(HOSTILE)
    for words in ["as wished", "connected", "support/fussy", "adds up"]:
        browser.sees(words)
    assert "missing" not in browser.text()
    number = account["snapshot"]["phone_numbers"][0]
    browser.sees(number["display_phone_number"])
    browser.press("Pause all sends")
    browser.sees("No message of this account leaves")
    browser.press("Pause all sends")
    browser.sees("paused by night-shift")
    assert stage.api(f"accounts/{account['id']}")["holds"], "it is held"
    browser.press("Resume")
    browser.sees("Let the messages of this account leave?")
    browser.press("Resume")
    browser.sees("Nothing is held")


def test_events_lead_to_what_became_of_each_and_to_its_bytes(browser, stage):
    browser.press("Events")
    browser.press("#5")
    browser.sees("The way it took")
    browser.sees('"body": "' + HOSTILE)
    browser.press("As it came, byte for byte")
    browser.sees('"text": {"body": "' + HOSTILE)
    for words in ["Received", "support/bot", "Delivered to all 2 routes that wanted it"]:
        browser.sees(words)


def test_a_broken_application_needs_attention_and_what_waits_for_it_says_so(browser, stage):
    stage.mood = 503
    stage.write(3)
    browser.go("", "route broken")
    browser.sees("mend the application; Wharf asks it again by itself")
    browser.go(f"events/{stage.last()}", "Not yet at support/fussy")
    browser.sees("HTTP 503")
    browser.sees("Attempt 1")
    stage.mood = 200
    browser.sees("Delivered to all 2 routes that wanted it")
    browser.go("", "Needs attention")
    until("the breaker closes", lambda: "route broken" not in browser.text())


def test_held_deliveries_wait_and_let_go_they_arrive(browser, stage):
    waba = stage.account()["id"]
    browser.go(f"accounts/{waba}", "Nothing is held")
    browser.press("Pause all deliveries")
    browser.sees("No route gets anything of this account")
    browser.press("Pause all deliveries")
    browser.sees("paused by night-shift")
    stage.write(1)
    event = stage.last()
    browser.go(f"events/{event}", "Held back from support/")
    assert "POST /api" not in browser.text(), "whoever has buttons needs no calls"
    browser.press("To the holds and routes of its account")
    browser.sees("paused by night-shift")
    browser.press("Resume")
    browser.sees("Nothing is held")
    browser.go(f"events/{event}", "Delivered to all 2 routes that wanted it")


def test_what_is_refused_for_good_is_explained_and_redriven_once_the_application_is_mended(browser, stage):
    waba = stage.account()["id"]
    stage.mood = 422
    stage.write(3)
    until("three dead letters", lambda: stage.account()["dead"] == 3)
    assert stage.account()["has_dead_letters"]
    browser.go("", "1 account with deliveries or messages that were given up")
    browser.press("look at them")
    browser.sees("Mend the application first")
    event = stage.last()
    browser.press(event)
    browser.sees("Given up for support/fussy")
    browser.sees("Given up")
    stage.mood = 200
    browser.press("Redrive")
    browser.sees("Delivered to all 2 routes that wanted it")
    browser.go(f"accounts/{waba}/dead", "refused for good")
    browser.press("Redrive support/fussy")
    browser.sees("Redrive all dead letters of support/fussy?")
    browser.press("Redrive support/fussy")
    browser.sees("2 dead letters on the way again, 0 left.")
    until("all are delivered", lambda: not stage.account()["has_dead_letters"] and not stage.account()["pending"])
    browser.sees("No dead letters.")
