"""Guards of the layout: see docs/decisions/0001-one-package-in-five-portions.md."""

from __future__ import annotations

import platform
import sysconfig
from importlib import import_module
from pathlib import Path

import pytest

import bigloop

ROOT = Path(__file__).parent.parent
PORTIONS = ("platform", "agents", "simulators", "models", "db")


def test_platform_is_the_standard_library() -> None:
    assert Path(platform.__file__).parent == Path(sysconfig.get_path("stdlib"))


def test_bigloop_is_a_namespace() -> None:
    assert bigloop.__file__ is None


@pytest.mark.parametrize("portion", PORTIONS)
def test_no_init_above_the_portions(portion: str) -> None:
    """One there would shadow the standard library or hide the other portions."""
    assert not (ROOT / portion / "__init__.py").exists()
    assert not (ROOT / portion / "bigloop" / "__init__.py").exists()


@pytest.mark.parametrize("portion", PORTIONS)
def test_every_package_is_typed(portion: str) -> None:
    for package in (ROOT / portion / "bigloop").iterdir():
        if package.is_dir() and package.name != "__pycache__":
            assert import_module(f"bigloop.{package.name}").__file__
            assert (package / "py.typed").exists()
