"""What is locked is all that is needed, and no more; installed is what is locked."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WANTED = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["test"]
PEERS = PROJECT["dependency-groups"]["peers"]
BROUGHT = {"pip", "setuptools"}
"""By a new environment, which is why `pip freeze` leaves them out."""


def _locked(name: str) -> dict[str, Version]:
    """Version of every package that a lock file names."""
    text = (ROOT / name).read_text(encoding="utf-8")
    pairs = [line.split("==") for line in text.splitlines() if line[0] not in "#-"]
    assert len(pairs) == len({canonicalize_name(package) for package, _ in pairs})
    return {canonicalize_name(package): Version(at) for package, at in pairs}


LOCKED = _locked("requirements.lock")


@cache
def _needed() -> set[Requirement]:
    """What is wanted and, without end, what is needed by what is installed for it."""
    left, seen = [Requirement(text) for text in WANTED], set()
    while left:
        found = left.pop()
        if found in seen:
            continue
        seen.add(found)
        try:
            asked = distribution(found.name).requires or []
        except PackageNotFoundError:
            continue
        # No extra is an extra, too: most markers ask for none.
        extras = found.extras | {""}
        for requirement in map(Requirement, asked):
            marker = requirement.marker
            if not marker or any(marker.evaluate({"extra": e}) for e in extras):
                left.append(requirement)
    return seen


def _problems(locked: dict[str, Version]) -> list[str]:
    """What a lock lacks, or has in another version than is needed or installed."""
    found = []
    for requirement in _needed():
        if requirement.name in BROUGHT:
            continue
        version = locked.get(canonicalize_name(requirement.name))
        if version is None:
            found.append(f"{requirement.name} is not locked")
        elif not requirement.specifier.contains(version, prereleases=True):
            found.append(f"{requirement} is needed, {version} is locked")
    for name, version in locked.items():
        try:
            # The build of torch for a processor is the same version, with a mark.
            at = Version(distribution(name).version).public
        except PackageNotFoundError:
            at = "nothing"
        if at != version.public:
            found.append(f"{name}: {version} is locked, {at} is installed")
    return found


def test_all_that_is_needed_is_locked_and_installed() -> None:
    assert _problems(LOCKED) == []


def test_nothing_else_is_locked() -> None:
    names = {canonicalize_name(found.name) for found in _needed()}
    assert sorted(LOCKED.keys() - names) == []


def test_peers_add_to_it_and_contradict_nothing() -> None:
    added = _locked("requirements-peers.lock")
    assert added.keys() & LOCKED.keys() == set()
    for requirement in map(Requirement, PEERS):
        version = added[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"anyio": None}, "anyio is not locked"),
        ({"anyio": Version("0.1")}, "0.1 is locked"),
        ({"no-such-package": Version("1")}, "1 is locked, nothing is installed"),
    ],
)
def test_a_lock_that_is_wrong_is_noticed(
    changes: dict[str, Version | None], says: str
) -> None:
    broken = {n: v for n, v in (LOCKED | changes).items() if v is not None}
    assert any(says in problem for problem in _problems(broken))
