"""Headless Chromium on the dashboard: finds things as people do, by what they are called. Knows no gateway."""

import shutil

from processes import until
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1280,900"
)
# All that is visible on the page, or in the dialog that is open over it.
TEXT = "return (document.querySelector('dialog[open]') ?? document.body).innerText"
# The first visible element that can be pressed and says exactly that.
FIND = """
const within = document.querySelector('dialog[open]') ?? document;
return [...within.querySelectorAll('button, a, summary')].find((one) =>
  one.checkVisibility() && !one.disabled && one.innerText.trim() === arguments[0])
"""
# A rule of the policy that was broken leaves a mark here, wherever it happens.
WATCH = "addEventListener('securitypolicyviolation', (event) => (window.broken ??= []).push(event.violatedDirective))"


class Browser:
    def __init__(self, url, folder):
        self.url = url
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in [*FLAGS.split(), f"--user-data-dir={folder}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        self.driver.get(f"{url}/")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def go(self, place, sees):
        """Opens `#/place` and waits until the page says `sees`."""
        self.run("location.hash = arguments[0]", f"#/{place}")
        self.sees(sees)

    def text(self):
        return self.run(TEXT)

    def sees(self, text):
        until(f"the page says {text!r}", lambda: text in self.text())

    def press(self, name):
        """Clicks what is called `name`; the page may draw it anew meanwhile."""

        def pressed():
            try:
                found = self.run(FIND, name)
                return found and (found.click() or True)
            except StaleElementReferenceException:
                return False

        until(f"{name!r} can be pressed", pressed)

    def write(self, label, text):
        """Types into the field with that label."""
        script = "return [...document.querySelectorAll('label')].find((one) => one.innerText.trim() === arguments[0])?.control"
        field = until(f"there is a field {label!r}", lambda: self.run(script, label))
        field.clear()
        field.send_keys(text)
        return field

    def emulate(self, dark=False, width=1280, still=False):
        features = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce" if still else ""}
        features = [{"name": name, "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def complaints(self):
        """What the console and the policy have against the page. That an endpoint refuses is shown, and no error of it."""
        refused = ("status of 4", "status of 5")
        log = [one for one in self.driver.get_log("browser") if one["level"] in ("SEVERE", "WARNING")]
        return [one["message"] for one in log if not any(words in one["message"] for words in refused)] + (
            self.run("return window.broken") or []
        )

    def stop(self):
        self.driver.quit()
