"""Checks that every locked requirement has a wheel for each supported Python and platform.

A requirement without a wheel is built from source, which fails on a machine without a compiler. Only files
whose hash is in the lock count. pip's own session reads the index, so that its mirrors,
proxies and certificates apply.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import canonicalize_name, parse_wheel_filename
from pip._internal.commands import create_command

LOCK = Path(__file__).resolve().parent.parent / "requirements-dev.lock"
PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
GLIBC_MINOR = 28  # manylinux_2_28: Debian 10, RHEL 8, Ubuntu 20.04 and later
# Requirements without a wheel that need no compiler, with the reason. Look into the source distribution: it
# must have no extension modules (ext_modules, Cython, Rust) and a build backend in pure Python.
PURE_PYTHON_SOURCES: dict[str, str] = {}

Files = dict[str, str]  # file name by sha256


@dataclass(frozen=True)
class Platform:
    name: str
    tags: tuple[str, ...]
    system: str
    sys_platform: str
    machine: str


def manylinux_tags(machine: str) -> tuple[str, ...]:
    legacy = ("manylinux2014",) if machine == "aarch64" else ("manylinux2014", "manylinux2010", "manylinux1")
    names = [f"manylinux_2_{minor}" for minor in range(GLIBC_MINOR, 4, -1)]
    return tuple(f"{name}_{machine}" for name in (*names, *legacy))


PLATFORMS = (
    Platform("Linux x86-64", manylinux_tags("x86_64"), "Linux", "linux", "x86_64"),
    Platform("Linux arm64", manylinux_tags("aarch64"), "Linux", "linux", "aarch64"),
    Platform("macOS arm64", tuple(mac_platforms((14, 0), "arm64")), "Darwin", "darwin", "arm64"),
)


def read_lock() -> Iterator[tuple[Requirement, set[str]]]:
    """Yield each requirement of the lock with the sha256 of its files."""
    text = re.sub(r"#.*", "", LOCK.read_text()).replace("\\\n", " ")
    for line in filter(str.strip, text.splitlines()):
        requirement = Requirement(line.split("--hash")[0].strip())
        yield requirement, set(re.findall(r"--hash=sha256:([0-9a-f]+)", line))


class Index:
    """The package index that pip is configured to use."""

    def __init__(self) -> None:
        self._local = threading.local()

    def _session(self) -> tuple[Any, list[str]]:
        if not hasattr(self._local, "session"):
            command: Any = create_command("download")
            options, _rest = command.parse_args(["--disable-pip-version-check", "nothing"])
            self._local.session = command._build_session(options)
            urls = [options.index_url, *options.extra_index_urls]
            self._local.urls = [url for url in urls if urlsplit(url).scheme in ("http", "https")]
        return self._local.session, self._local.urls

    def list_files(self, name: str) -> Files:
        session, urls = self._session()
        files: Files = {}
        for url in urls:
            answer = session.get(
                f"{url.rstrip('/')}/{canonicalize_name(name)}/",
                headers={"Accept": "application/vnd.pypi.simple.v1+json, text/html;q=0.1"},
                timeout=15,
            )
            if answer.status_code != 404:
                answer.raise_for_status()
                files |= parse_page(answer)
        return files


def parse_page(answer: Any) -> Files:
    if "json" in answer.headers.get("Content-Type", ""):
        return {file["hashes"].get("sha256", ""): file["filename"] for file in answer.json()["files"]}
    links = re.findall(r'href="([^"#]+)#sha256=([0-9a-f]+)', unescape(answer.text))
    return {sha256: link.rpartition("/")[2] for link, sha256 in links}


def is_needed(requirement: Requirement, python: tuple[int, int], platform: Platform) -> bool:
    version = ".".join(map(str, python))
    return requirement.marker is None or requirement.marker.evaluate(
        {
            "python_version": version,
            "python_full_version": f"{version}.9",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "sys_platform": platform.sys_platform,
            "platform_system": platform.system,
            "platform_machine": platform.machine,
            "os_name": "posix",
        }
    )


def list_missing(wheels: list[frozenset[Tag]], requirement: Requirement) -> list[str]:
    """Return the Python and platform pairs for which none of the wheels can be installed."""
    missing = []
    for platform in PLATFORMS:
        for python in PYTHONS:
            if not is_needed(requirement, python, platform):
                continue
            supported = {*cpython_tags(python, platforms=platform.tags)}
            supported |= {*compatible_tags(python, f"cp{python[0]}{python[1]}", platform.tags)}
            if not any(tags & supported for tags in wheels):
                missing.append(f"{platform.name} with Python {python[0]}.{python[1]}")
    return missing


def main() -> int:
    index = Index()
    locked = list(read_lock())
    try:
        with ThreadPoolExecutor(8) as threads:
            pages = list(threads.map(lambda entry: index.list_files(entry[0].name), locked))
    except OSError as error:  # every error of pip's session is one
        print(f"Wheels were not checked: the package index does not answer ({type(error).__name__}).")
        return 1 if os.environ.get("CI") else 0
    is_complete = True
    for (requirement, hashes), files in zip(locked, pages, strict=True):
        names = [files[sha256] for sha256 in hashes & files.keys()]
        wheels = [parse_wheel_filename(name)[3] for name in names if name.endswith(".whl")]
        missing = list_missing(wheels, requirement)
        if missing and requirement.name not in PURE_PYTHON_SOURCES:
            is_complete = False
            print(f"{requirement.name}{requirement.specifier} has no wheel for: {'; '.join(missing)}")
    if is_complete:
        print(f"{len(locked)} requirements have wheels for Python 3.11 to 3.14 on each platform.")
    return 0 if is_complete else 1


if __name__ == "__main__":
    sys.exit(main())
