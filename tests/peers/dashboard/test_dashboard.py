"""The dashboard in a real browser, clicked through as on a night on call. The tests go on where the one before ended."""

import pytest
from browser import offers
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
    if browser.run("return document.querySelector('input#gateway')"):
        browser.run("return document.querySelector('input#gateway')").send_keys("support")
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
    until("dead letters", lambda: stage.account()["dead"] > 0)
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
    if offers(stage.ops, KEY, f"events/{stage.account()['id']}.5/explain"):
        for words in ["Received", "support/bot", "Delivered", "support/fussy"]:
            browser.sees(words)


def test_dead_letters_are_redriven_once_the_application_is_mended(browser, stage):
    waba = stage.account()["id"]
    browser.go(f"accounts/{waba}/dead", "refused for good")
    stage.mended = True
    browser.press("Redrive support/fussy")
    browser.sees("Redrive all dead letters of support/fussy?")
    browser.press("Redrive support/fussy")
    if "cannot do that yet" in until("it is answered", lambda: "yet" in browser.text() and browser.text()
                                     or "left." in browser.text() and browser.text()):  # fmt: skip
        pytest.skip("this Wharf has no redrive yet")
    until("all are delivered", lambda: not stage.account()["dead"] and not stage.account()["pending"])


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
        f"accounts/{waba}/dialogs": "open", f"accounts/{waba}/dead": HOSTILE, f"accounts/{waba}/live": "Start",
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
    assert {"Overview", "Dead letters", "Quarantine", "Audit", "Sign out"} <= set(reached), reached
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
