from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from bigloop.contracts import Campaign

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "campaigns" / "fast_charging.yaml"


def changed(tmp_path: Path, **changes: Any) -> Path:
    data = {**yaml.safe_load(REFERENCE.read_text()), **changes}
    path = tmp_path / "campaign.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def test_the_reference_campaign_is_valid(nowhere: Any) -> None:
    answer = nowhere("validate", REFERENCE)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.endswith("fast_charging.yaml: valid\n")


def test_every_problem_has_its_line(nowhere: Any, tmp_path: Path) -> None:
    path = changed(tmp_path, sed=3, seed="much", max_waiting=0)
    answer = nowhere("validate", path)
    assert answer.code == 2
    lines = answer.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("error: ") for line in lines)
    assert any("sed: unknown key; did you mean 'seed'?" in line for line in lines)


def test_entry_points_and_sources_are_checked(nowhere: Any, tmp_path: Path) -> None:
    sources = yaml.safe_load(REFERENCE.read_text())["sources"]
    sources["pybamm"]["options"] = {"model": "P2D"}
    path = changed(tmp_path, sources=sources, agent="multi-fidelty")
    answer = nowhere("validate", path)
    assert answer.code == 2
    assert "did you mean 'multi-fidelity'?" in answer.err
    assert "P2D" in answer.err
    skipped = nowhere("validate", path, "--no-sources")
    assert "P2D" not in skipped.err
    assert "multi-fidelity" in skipped.err


def test_json_names_the_problems(nowhere: Any, tmp_path: Path) -> None:
    answer = nowhere("validate", changed(tmp_path, seed="much"), "--json")
    assert answer.code == 2
    assert answer.err == ""
    assert not answer.json["valid"]
    assert "seed" in answer.json["problems"][0]


def test_a_missing_or_broken_file_is_told(nowhere: Any, tmp_path: Path) -> None:
    assert "no such file" in nowhere("validate", tmp_path / "no.yaml").err
    path = tmp_path / "broken.yaml"
    path.write_text("a: [1\n")
    answer = nowhere("validate", path)
    assert answer.code == 2
    assert "is not YAML" in answer.err


def test_run_refuses_a_wrong_file(nowhere: Any, tmp_path: Path) -> None:
    answer = nowhere("run", changed(tmp_path, seed="much"))
    assert answer.code == 2
    assert "seed" in answer.err


def test_the_schema_in_the_docs_is_current(nowhere: Any) -> None:
    answer = nowhere("schema")
    path = ROOT / "docs" / "reference" / "campaign.schema.json"
    assert answer.json == Campaign.model_json_schema()
    assert path.read_text() == answer.out, "run `make schema`"


def test_the_reference_campaign_follows_the_schema(nowhere: Any) -> None:
    import jsonschema

    schema = nowhere("schema").json
    jsonschema.validate(yaml.safe_load(REFERENCE.read_text()), schema)


def test_plugins_and_sources_are_listed(nowhere: Any) -> None:
    found = {p["name"]: p for p in nowhere("plugins", "--json").json}
    assert {"table", "pybamm-ageing", "early-life", "random"} <= set(found)
    assert all(plugin["summary"] for plugin in found.values())
    kinds = {p["name"]: p["kind"] for p in nowhere("sources", "--json").json}
    assert kinds["table"] == "lab"
    assert kinds["pybamm-ageing"] == "simulator"
    assert "Replays measured specimens" in nowhere("sources").out
    assert json.dumps(found["table"])


def test_a_source_that_begins_without_a_version_is_remarked(
    nowhere: Any, tmp_path: Path
) -> None:
    text = (ROOT / "campaigns" / "sei.yaml").read_text()
    file = tmp_path / "sei.yaml"
    file.write_text(text)
    answer = nowhere("validate", file)
    assert (answer.code, answer.err) == (0, "")
    assert "sources.prvae: learns.start:" in answer.out
    assert "until 64 results of kmc have trained the first" in answer.out
    for old, new, says in (
        ("model: prvae", "model: early-life", "trains no model of a source"),
        ("sources: [kmc]", "sources: [prvae]", "is a model itself"),
        ("first: 64", "data: nowhere", "no data set"),
    ):
        file.write_text(text.replace(old, new))
        answer = nowhere("validate", file)
        assert answer.code == 2
        assert says in answer.err
