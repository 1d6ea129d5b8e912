"""Programs under test: started on free ports, watched, and ended by their process id. Knows no payloads."""

import os
import pathlib
import queue
import re
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WHARF = os.environ.get("WHARF_BIN") or str(ROOT / "target" / "debug" / "wharf")
# Everything happens on one machine within milliseconds; this long means that it stands still.
PATIENCE_S = 30


def until(what, condition):
    """The first true value of `condition`, or an error that says `what` did not happen."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.01)


class Process:
    """A running program whose output is read line by line."""

    def __init__(self, *arguments, env=None):
        # Nothing of the caller's settings must leak in.
        clean = {name: value for name, value in os.environ.items() if not name.startswith("WHARF_")}
        self._popen = subprocess.Popen(
            [WHARF, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**clean, **(env or {})},
        )
        self._new = queue.Queue()
        self.lines = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._popen.stdout:
            self.lines.append(line.rstrip())
            self._new.put(line)
        self._new.put(None)

    def wait_for(self, pattern):
        """The match of `pattern` in the next line that has one."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                line = self._new.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"no line like {pattern!r} in:\n" + "\n".join(self.lines)
            if match := re.search(pattern, line):
                return match

    def stop(self):
        """Asks it to end and waits; the exit code, negative after a signal."""
        self._popen.terminate()
        try:
            return self._popen.wait(timeout=PATIENCE_S)
        finally:
            if self._popen.poll() is None:
                self._popen.kill()
                self._popen.wait()
