"""The documentation is true: links, commands, options and documents in it."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path

import pytest
import typer
import yaml
from typer.core import TyperGroup

from bigloop.bench.spec import Benchmark
from bigloop.cli.app import app
from bigloop.contracts import Campaign, Document
from bigloop.simulators.table.spec import TableSpec

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "deploy").rglob("*.md"),
    ]
)
FENCE = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SHELL = ("console", "sh", "bash", "shell")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _commands() -> TyperGroup:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return group


def _calls(text: str) -> list[list[str]]:
    """Every call of bigloop in the shell blocks, without the program."""
    found = []
    for language, body in FENCE.findall(text):
        if language not in SHELL:
            continue
        for line in body.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            starts = [i for i, w in enumerate(words) if Path(w).name == "bigloop"]
            found += [words[start + 1 :] for start in starts]
    return found


def _problem(words: list[str]) -> str:
    """What is wrong with a call; empty when it could be typed."""
    group = _commands()
    options = {name: p for p in group.params for name in p.opts}
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            break
        if word not in options and word != "--help":
            return f"there is no option {word} before the command"
        if word in options and not getattr(options[word], "is_flag", False):
            next(rest, None)
    else:
        return ""
    command = group.commands.get(word)
    if command is None:
        return f"there is no command {word}"
    if isinstance(command, TyperGroup):
        name = next(rest, "")
        if name not in command.commands:
            return f"there is no command {word} {name}"
        command = command.commands[name]
    known = {name for p in command.params for name in p.opts} | {"--help"}
    wrong = [
        w for w in rest if re.match(r"--?[a-z]", w) and w.split("=")[0] not in known
    ]
    return f"{word} has no option {wrong[0]}" if wrong else ""


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = [t for t in LINK.findall(text) if not re.match(r"\w+:|#", t)]
    missing = [t for t in targets if not (page.parent / t.split("#")[0]).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_exist(page: Path) -> None:
    calls = _calls(page.read_text(encoding="utf-8"))
    assert [p for words in calls if (p := _problem(words))] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_documents_are_valid(page: Path) -> None:
    kinds: dict[str, type[Document]] = {
        "benchmark": Benchmark,
        "campaign": Campaign,
        "table": TableSpec,
    }
    for language, body in FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "yaml" and body.lstrip().startswith("kind:"):
            data = yaml.safe_load(textwrap.dedent(body))
            kinds[data["kind"]].model_validate(data)


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert [n for n in _commands().commands if f"`{n}`" not in text] == []


def test_every_campaign_field_is_documented() -> None:
    text = (ROOT / "docs" / "reference" / "campaign.md").read_text(encoding="utf-8")
    schema = Campaign.model_json_schema()
    parts = [schema, *schema["$defs"].values()]
    fields = {name for part in parts for name in part.get("properties", {})}
    assert sorted(name for name in fields if f"`{name}`" not in text) == []


def test_every_benchmark_field_is_documented() -> None:
    page = ROOT / "docs" / "how-to" / "benchmark-on-your-table.md"
    text = page.read_text(encoding="utf-8")
    schema = Benchmark.model_json_schema()
    parts = [schema, *schema["$defs"].values()]
    fields = {name for part in parts for name in part.get("properties", {})}
    known = {"kind", "version"}
    assert sorted(n for n in fields - known if not re.search(rf"\b{n}\b", text)) == []


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["fly"], "no command"),
        (["run", "a.yaml", "--fast"], "no option --fast"),
        (["--fast", "run"], "no option --fast"),
        (["dataset", "fly"], "no command dataset fly"),
        (["dataset", "sei", "--fast"], "no option --fast"),
        (["dataset", "sei", "--n", "3"], ""),
        (["--folder", "x", "run", "a.yaml", "--seed", "-1"], ""),
        (["--version"], ""),
    ],
)
def test_wrong_calls_are_noticed(call: list[str], said: str) -> None:
    problem = _problem(call)
    assert said in problem
    assert bool(problem) == bool(said)
