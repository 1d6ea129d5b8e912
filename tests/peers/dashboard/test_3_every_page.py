"""What is true of every page: it fits, is reached by keyboard, asks before it breaks something. Signs out at the end."""

from processes import until
from stage import HOSTILE, OTHER
from selenium.webdriver.common.keys import Keys


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
