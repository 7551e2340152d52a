from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAVY = ("torch", "pandas", "ray", "mlflow", "sqlalchemy", "numpy", "pint", "jinja2")


def bigloop(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from bigloop.cli import main; exit(main())"]
    return subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **env},
    )


def test_import_and_help_load_nothing_heavy() -> None:
    code = (
        "import sys, bigloop.cli\n"
        "assert bigloop.cli.main(['--help']) == 0\n"
        f"found = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "assert not found, found\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert bigloop("--version").stdout == f"bigloop {version('bigloop')}\n"


def test_an_error_is_one_line_and_debug_shows_where(tmp_path: Path) -> None:
    arguments = ("--folder", str(tmp_path / "none"), "status")
    plain = bigloop(*arguments)
    assert plain.returncode == 2
    assert plain.stdout == ""
    assert plain.stderr.startswith("error: there is no store at ")
    assert plain.stderr.count("\n") == 1
    assert "Traceback" in bigloop("--debug", *arguments).stderr
    assert "Traceback" in bigloop(*arguments, BIGLOOP_DEBUG="1").stderr


def test_a_reader_that_goes_away_is_no_error(filled: Path) -> None:
    command = f"{sys.executable} -c 'from bigloop.cli import main; exit(main())'"
    done = subprocess.run(
        ["bash", "-c", f"{command} --folder {filled} events --json | head -1"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "[\n"
    assert done.stderr == ""


def test_wrong_usage_is_code_2() -> None:
    done = bigloop("nope")
    assert done.returncode == 2
    assert "No such command 'nope'" in done.stderr


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    done = bigloop("--folder", str(tmp_path), "status", BIGLOOP_LEASE_S="soon")
    assert done.returncode == 2
    assert "lease_s = 'soon'" in done.stderr


def test_an_unexpected_error_says_how_to_see_more(
    nowhere: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from bigloop.cli import main
    from bigloop.contracts import Campaign

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(Campaign, "model_json_schema", broken)
    assert main(["schema"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: unexpected RuntimeError: out of luck")
    assert "--debug" in error
    assert "Traceback" not in error
