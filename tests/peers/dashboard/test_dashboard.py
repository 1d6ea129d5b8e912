"""The dashboard in a real browser, clicked through as on a night on call. The tests go on where the one before ended."""

import pytest
from processes import until
from stage import HOSTILE, KEY
from selenium.webdriver.common.keys import Keys

OTHER = "77777777777"


@pytest.fixture(autouse=True)
def clean(browser):
    yield
    assert browser.complaints() == []
    assert browser.run("return document.title") != "owned"
    assert not browser.run("return document.querySelector('img[src=x]')"), "a name became markup"


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
    browser.go("", "Needs attention")
    until("the figure warns", lambda: browser.run("return document.querySelector('.tiles .warns a[href=\"#/dead\"]')"))
    browser.press("dead")
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
    until("all are delivered", lambda: not stage.account()["dead"] and not stage.account()["pending"])
    browser.sees("No dead letters.")


def test_one_event_and_a_time_are_delivered_again_counted_first(browser, stage):
    waba = stage.account()["id"]
    replayed = lambda: stage.api(f"accounts/{waba}")["ledger"]["routes"]["support/bot"]["replayed"]  # noqa: E731
    browser.go(f"events/{waba}.1", "Delivered to all")
    browser.press("Replay to every route that wants it")
    browser.sees("Deliver this event again?")
    browser.press("Replay to every route that wants it")
    browser.sees("On its way to support/bot, support/fussy.")
    assert replayed() == 1
    browser.go(f"accounts/{waba}/replays", "Nothing was replayed.")
    browser.press("Count, then replay")
    browser.sees("12 to support/bot, 12 to support/fussy")
    assert replayed() == 1, "counting delivers nothing"
    browser.press("Replay")
    browser.sees("12 again, 0 skipped")
    browser.sees("done")
    until("all are delivered", lambda: replayed() == 13 and not stage.account()["pending"])


def test_what_happens_is_seen_as_it_happens(browser, stage):
    browser.go(f"accounts/{stage.account()['id']}/live", "Nothing is kept while it is")
    browser.press("Start")
    browser.sees("Listening…")
    until("it is listened to", lambda: stage.write(1) or "message came" in browser.text())
    browser.sees("delivered support/fussy")
    browser.press("Stop")
    browser.sees("Stopped.")


def test_messages_are_listed_newest_first_and_by_state(browser, stage):
    account = stage.account()
    number = account["snapshot"]["phone_numbers"][0]["id"]
    for nth in range(2):
        stage.send(number, f"4790005{nth:03}")
    sent = stage.api(f"accounts/{account['id']}/messages")["data"]
    assert len(sent) == 2 and sent[0]["created_at"] >= sent[1]["created_at"]
    browser.go(f"accounts/{account['id']}/messages", f"{sent[0]['id'][-8:]}")
    choose = "const field = document.querySelector('#filter-state'); field.value = arguments[0]; field.dispatchEvent(new Event('change'))"
    browser.run(choose, "expired")
    browser.sees("No message is like that.")
    browser.run(choose, "")
    browser.sees("4790005001")


def test_an_accounts_own_route_is_tried_out_and_removed(browser, stage):
    waba = stage.account()["id"]
    browser.go(f"accounts/{waba}/routes", "This account has no route of its own")
    browser.sees(f"wharf routes {waba} put NAME")
    stage.own_route(waba, "crm")
    browser.sees("types message")
    browser.press("Test")
    browser.sees("The application answered 200 to a test delivery")
    browser.press("Remove")
    browser.sees("It gets nothing any more, for good.")
    browser.press("Remove")
    browser.sees("This account has no route of its own")
    assert stage.api(f"accounts/{waba}/routes")["data"] == []


def test_a_key_is_shown_once_opens_what_it_is_for_and_nothing_once_removed(browser, stage):
    browser.go("keys", "night-shift")
    browser.sees("in the settings")
    browser.press("Make a key")
    browser.write("Name", "visitor")
    browser.press("Make the key")
    browser.sees("at least one of admin")
    browser.run("document.querySelector('#scope-inspect').click()")
    browser.press("Make the key")
    browser.sees("it is shown this once")
    key = browser.run("return document.querySelector('#made-key').value")
    assert stage.api("whoami", key=key)["scopes"] == ["inspect"]
    browser.press("Copy")
    until("it is marked", lambda: browser.run("return document.activeElement.id === 'made-key' || /Copied/.test(document.body.innerText)"))
    browser.press("I have it")
    until("it is gone", lambda: not browser.run("return document.querySelector('#made-key')"))
    browser.press("Remove")
    browser.sees("Whatever signs in with it is refused at once.")
    browser.press("Remove")
    browser.sees("The key visitor opens nothing any more.")
    assert [one["name"] for one in stage.api("keys")["data"]] == ["night-shift"]


def test_the_doctor_says_what_is_wrong_and_how_to_mend_it(browser):
    browser.go("doctor", "Looks from the disk to Meta's side")
    browser.sees("To mend")
    browser.sees("Do: ")
    browser.press("Examine again")
    browser.sees("Examined.")


def test_escape_means_no_and_remove_wants_the_id_typed(browser, stage):
    waba = stage.account()["id"]
    browser.go(f"accounts/{waba}", "Standing with Meta")
    browser.press("Remove")
    browser.sees("become dead letters")
    assert browser.run("return document.querySelector('dialog button.danger').disabled")
    browser.run("return document.activeElement").send_keys("1234")
    assert browser.run("return document.querySelector('dialog button.danger').disabled")
    browser.run("return document.activeElement").send_keys(Keys.ESCAPE)
    until("the dialog is gone", lambda: not browser.run("return document.querySelector('dialog')"))
    assert stage.account()["id"] == waba


def test_every_page_opens_by_its_address_fits_a_phone_and_has_a_dark_side(browser, stage):
    waba = stage.account()["id"]
    places = {
        "": "Needs attention", f"accounts/{waba}": "Ledger", f"accounts/{waba}/events": "#5", f"accounts/{waba}/messages": "State",
        f"accounts/{waba}/dialogs": "open", f"accounts/{waba}/dead": HOSTILE, f"accounts/{waba}/replays": "done",
        f"accounts/{waba}/routes": "no route of its own", "doctor": "To mend", "keys": "night-shift", f"accounts/{waba}/live": "Start",
        f"events/{waba}.1": "Its bytes", "events/q.support.1": "quarantine of support", "dead": "Mend the application first",
        "quarantine/support": OTHER, "audit": "night-shift", "nowhere": "There is no such page",
    }  # fmt: skip
    grounds = set()
    for dark, width in [(False, 1280), (True, 1280), (False, 360), (True, 360)]:
        browser.emulate(dark, width, still=dark)
        for place, sees in places.items():
            browser.driver.get("about:blank")
            browser.driver.get(f"{browser.url}/#/{place}")
            browser.sees(sees)
            wide = browser.run("return document.documentElement.scrollWidth")
            assert wide <= width, f"{place or 'overview'} is {wide} wide on {width}"
        grounds.add(browser.run("return getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2, "light and dark"
    browser.emulate()


def test_the_keyboard_reaches_everything_and_the_focus_is_seen(browser):
    browser.go("audit", "Everything that a key changed")
    browser.run("document.activeElement.blur(); document.body.focus()")
    reached = []
    for _ in range(12):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        if browser.run("return document.activeElement === document.body"):
            continue
        reached.append(browser.run("return document.activeElement.innerText"))
        outline = browser.run("return getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", f"no focus is seen on {reached[-1]!r}"
    assert {"Overview", "Dead letters", "Quarantine", "Doctor", "Audit", "Keys", "Sign out"} <= set(reached), reached
    nameless = browser.run(
        "return [...document.querySelectorAll('input, select')].filter((one) => !one.labels?.length && !one.ariaLabel).length"
    )
    assert nameless == 0


def test_the_live_tail_stays_small_at_a_thousand_events_a_second(browser, stage):
    waba = stage.account()["id"]
    browser.go(f"accounts/{waba}/live", "Nothing is kept while it is")
    # Only the stream is made up: nothing here writes as fast.
    browser.run("""
        const real = window.fetch, one = (nth) => `event: event\\nid: ${nth}\\ndata: ${JSON.stringify({
          at: new Date().toISOString(), id: `1.${nth}`, type: "message", disposition: "routed", routes: [] })}\\n\\n`;
        window.fetch = (path, options) => !String(path).includes("/live") ? real(path, options) : Promise.resolve(new Response(
          new ReadableStream({ start(stream) {
            let nth = 0;
            const timer = setInterval(() => {
              let text = "";
              for (const end = nth + 100; nth < end; nth += 1) text += one(nth);
              stream.enqueue(new TextEncoder().encode(text));
              if (nth >= 3000) { clearInterval(timer); window.allSent = true; }
            }, 100);
            options.signal.addEventListener("abort", () => { clearInterval(timer); stream.error(new DOMException("", "AbortError")); });
          } }), { headers: { "Content-Type": "text/event-stream" } }));
    """)
    browser.press("Start")
    most = 0
    rows = "return document.querySelectorAll('table.live tbody tr').length"
    until("all are sent", lambda: (most := browser.run(rows)) <= 200 and browser.run("return window.allSent"))
    browser.sees("Live: 3,000 entries")
    assert browser.run(rows) == 200 and most <= 200
    browser.press("Stop")
    browser.sees("Stopped.")
    browser.driver.refresh()


def test_signing_out_forgets_the_key(browser):
    browser.press("Sign out")
    browser.sees("Sign in to Wharf")
    assert browser.run("return sessionStorage.length") == 0
