"""The ops listener against its own document: a stranger's programs try what it describes, and odd things beside it."""

import pathlib
import re
import subprocess
import sys
from types import SimpleNamespace

import httpx
import pytest
from house import KEY, House
from openapi_spec_validator import validate

# What must hold of every answer. That odd data is refused is not asked for: ids are opaque text, and a parameter that
# nobody knows is let pass. What a wrong key opens is asked elsewhere: its answers are slowed down.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
]
# A stream of events has no end that a program of this kind would wait for; Wharf's own tests listen to it.
ENDLESS = "/live$"
# What they may take; then they stop by themselves.
SECONDS = 50


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    # Nobody answers there: deliveries wait.
    house = House(tmp_path_factory.mktemp("wharf"), SimpleNamespace(url="http://127.0.0.1:9/"))
    yield house
    assert house.stop()[0] == 0, "Wharf drains and ends well when it is told to"


def test_the_document_is_sound_openapi(house):
    document = httpx.get(f"{house.ops}/api/openapi.json", trust_env=False).raise_for_status().json()
    validate(document)


def test_no_answer_is_a_fault_or_undescribed(house, tmp_path):
    schemathesis = pathlib.Path(sys.executable).parent / "schemathesis"
    command = [
        schemathesis, "run", f"{house.ops}/api/openapi.json", "--header", f"Authorization: Bearer {KEY}",
        "--checks", ",".join(CHECKS), "--max-time", str(SECONDS), "--max-examples", "15", "--seed", "1",
        "--exclude-path-regex", ENDLESS, "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off",
    ]  # fmt: skip
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS + 60)
    assert ran.returncode == 0, ran.stdout[-20000:] + ran.stderr[-2000:]
    counts = [re.search(rf"{word}: (\d+)", ran.stdout) for word in ("Selected", "Tested")]
    assert all(counts) and counts[0][1] == counts[1][1], f"not every endpoint was tried:\n{ran.stdout[-2000:]}"
