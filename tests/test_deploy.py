"""Every deployment file parses, and names commands, settings and files that exist."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.core import TyperGroup

from bigloop.cli.app import app
from bigloop.config import Settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))


def _group() -> TyperGroup:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return group


def _check_call(words: list[str]) -> None:
    """A command with its arguments, as the command line would parse it."""
    group = _group()
    assert words[0] in group.commands
    command = group.commands[words[0]]
    command.make_context(words[0], words[1:])
    for word in words[1:]:
        if word.endswith(".yaml"):
            assert (ROOT / word).is_file()


def _check_settings(text: str) -> None:
    names = {f"BIGLOOP_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"\bBIGLOOP_[A-Z_]+", text)) <= names


def _yaml(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda p: p.name)
def test_settings_exist(path: Path) -> None:
    _check_settings(path.read_text(encoding="utf-8"))


def test_every_file_is_loaded_here() -> None:
    pages = {"compose.yaml", "compose.serve.yaml", "raycluster.yaml", "README.md"}
    pages |= {"nginx.conf"}
    known = pages | {"Dockerfile", "Dockerfile.dockerignore"}
    assert {p.name for p in DEPLOY.iterdir()} == known | {p.name for p in UNITS}


def test_compose() -> None:
    compose = _yaml("compose.yaml")
    services = compose["services"]
    assert set(services) == {"db", "mlflow", "ray", "loop"}
    for name, service in services.items():
        assert service["image"], name
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"]
    build = services["loop"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    _check_call(services["loop"]["command"])
    Settings(
        store=services["loop"]["environment"]["BIGLOOP_STORE"],
        ray_address=services["loop"]["environment"]["BIGLOOP_RAY_ADDRESS"],
    )


def test_compose_of_a_server() -> None:
    compose = _yaml("compose.serve.yaml")
    services = compose["services"]
    assert set(services) == {"serve", "nginx", "worker"}
    for name in ("serve", "worker"):
        _check_call(services[name]["command"])
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["read_only"] is True
    # What nginx shows is on its own network alone, and outside on this machine.
    assert services["nginx"]["network_mode"] == "service:serve"
    assert all(port.startswith("127.0.0.1:") for port in services["serve"]["ports"])
    source = services["nginx"]["volumes"][0].split(":")[0]
    assert (DEPLOY / source).is_file()


def test_nginx_shows_the_path_that_is_served_and_holds_nothing_back() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"location (?:= )?(\S+) {(.*?)}", text, re.DOTALL))
    root = "/bigloop"
    for name in ("compose.serve.yaml", "bigloop-serve.service"):
        assert re.search(rf"--root-path,? {root}\b", (DEPLOY / name).read_text())
    feed = blocks[f"{root}/api/v1/feed"]
    for line in ("proxy_buffering off;", "proxy_read_timeout 1h;", "gzip off;"):
        assert line in feed
    for block in (feed, blocks[f"{root}/"]):
        assert "proxy_set_header Host $http_host;" in block
        assert f"proxy_pass http://127.0.0.1:{Settings().serve_port};" in block


_SECRET = re.compile(r"(?i)(?:password|secret|token)\w*\s*[:=]\s*(\S+)")


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda p: p.name)
def test_no_secret_stands_in_a_file(path: Path) -> None:
    given = _SECRET.findall(path.read_text(encoding="utf-8"))
    # Of the environment, left out, Ray's mode, a reference to a kept secret.
    kept = ("${", "...", "token", "{name:")
    assert [value for value in given if not value.startswith(kept)] == []


def test_dockerfile_copies_what_exists() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert text.count("FROM ") == 1
    assert (ROOT / "requirements.lock").is_file()
    assert 'ENTRYPOINT ["bigloop"]' in text


@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.name)
def test_unit(path: Path) -> None:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.read(path, encoding="utf-8")
    assert {"Unit", "Service", "Install"} == set(parser.sections())
    service = parser["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert Path(program).name == "bigloop"
    _check_call(words)
    assert service["SuccessExitStatus"] == "130"
    assert service["Restart"] == "on-failure"
    assert service["User"] == "bigloop"
    hardened = ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "RestrictNamespaces")
    assert [name for name in hardened if service[name] != "yes"] == []
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.name)
def test_systemd_takes_the_unit(path: Path, tmp_path: Path) -> None:
    text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", path.read_text())
    unit = tmp_path / path.name.replace("@", "@demo")
    unit.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_ray_cluster() -> None:
    cluster = _yaml("raycluster.yaml")
    assert (cluster["apiVersion"], cluster["kind"]) == ("ray.io/v1", "RayCluster")
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert f"ray=={cluster['spec']['rayVersion']}\n" in lock
    spec = cluster["spec"]
    for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        assert pod["containers"][0]["image"] == "bigloop:0.1.0"
        mounted = {m["name"] for m in pod["containers"][0]["volumeMounts"]}
        assert mounted == {v["name"] for v in pod["volumes"]}
