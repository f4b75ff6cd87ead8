"""The lock files: match the readable lists, carry hashes, name no index; the wheel check finds gaps."""

from __future__ import annotations

import re
import runpy
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from embedded.paths import ROOT

LISTS = {
    "requirements.lock": ["requirements.txt"],
    "requirements-dev.lock": ["requirements.txt", "requirements-dev.txt"],
}
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)


def read_pins(name: str) -> dict[str, str]:
    return {canonicalize_name(found): version for found, version in PIN.findall((ROOT / name).read_text())}


@pytest.mark.parametrize("lock", LISTS)
def test_a_lock_holds_every_version_of_the_readable_lists(lock: str) -> None:
    wanted = {name: version for listed in LISTS[lock] for name, version in read_pins(listed).items()}
    locked = read_pins(lock)
    assert {name: locked.get(name) for name in wanted} == wanted, "run script/lock"


def test_both_locks_agree() -> None:
    assert read_pins("requirements.lock").items() <= read_pins("requirements-dev.lock").items()


@pytest.mark.parametrize("lock", LISTS)
def test_a_lock_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text)[1:]:
        assert "--hash=sha256:" in entry, entry
    assert "://" not in text
    assert "--index-url" not in text


def test_the_wheel_check_names_what_is_missing() -> None:
    check: Any = runpy.run_path(str(ROOT / "script" / "check_wheels.py"))
    names = ["x-1-cp311-cp311-manylinux_2_17_x86_64.whl", "x-1-cp312-abi3-macosx_11_0_arm64.whl"]
    wheels = [parse_wheel_filename(name)[3] for name in names]
    missing = check["list_missing"](
        wheels, Requirement("x==1 ; python_version >= '3.12' or sys_platform == 'linux'")
    )
    assert missing == [
        *(f"Linux x86-64 with Python 3.{minor}" for minor in (12, 13, 14)),
        *(f"Linux arm64 with Python 3.{minor}" for minor in (11, 12, 13, 14)),
    ]
