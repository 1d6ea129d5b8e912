"""What is done on any day: delivering again, looking on, keys, routes, the doctor. Goes on where the newcomer ended."""

from processes import until


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
    browser.write("Events per second", "1")
    browser.press("Count, then replay")
    browser.sees("1 a second at most")
    browser.press("Replay")
    browser.sees("running")
    browser.press("Cancel")
    browser.sees("Stop this replay?")
    browser.press("Stop it")
    browser.sees("cancelled")


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
    browser.press("Remove route")
    browser.sees("It gets nothing any more, for good.")
    browser.press("Remove route")
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
    browser.press("Remove key")
    browser.sees("Whatever signs in with it is refused at once.")
    browser.press("Remove key")
    browser.sees("The key visitor opens nothing any more.")
    assert [one["name"] for one in stage.api("keys")["data"]] == ["night-shift"]


def test_the_doctor_says_what_is_wrong_and_how_to_mend_it(browser):
    browser.go("doctor", "Looks from the disk to Meta's side")
    browser.sees("To mend")
    browser.sees("Do: ")
    browser.press("Examine again")
    browser.sees("Examined.")
