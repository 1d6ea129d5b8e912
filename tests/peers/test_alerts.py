"""The alert rules, and what Wharf shows at /metrics, as Prometheus's own tool reads them. Knows promtool."""

import subprocess

import pytest
from processes import ROOT

DEPLOY = ROOT / "deploy"


def promtool(*arguments, text=None):
    """What promtool says, which must be well."""
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, timeout=60, cwd=DEPLOY)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_prometheus_takes_the_rules():
    assert "SUCCESS" in promtool("check", "rules", "alerts.yml")


def test_every_alert_fires_and_stays_silent_as_rehearsed():
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml")


def test_a_rehearsal_with_another_outcome_fails(tmp_path):
    """Else the rehearsal would prove nothing."""
    wrong = (DEPLOY / "alerts_test.yml").read_text().replace("It has started 3 times", "It has started 9 times")
    (tmp_path / "alerts.yml").write_text((DEPLOY / "alerts.yml").read_text())
    (tmp_path / "alerts_test.yml").write_text(wrong)
    with pytest.raises(AssertionError, match="WharfRestartLoop"):
        promtool("test", "rules", str(tmp_path / "alerts_test.yml"))


def test_the_metrics_are_as_prometheus_wants_them(house):
    text = house.metrics()
    assert "wharf_ready 1" in text
    assert promtool("check", "metrics", text=text) == ""
