"""Files: what cannot be read is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bigloop.contracts import SpecError, read_campaign, read_yaml

from .conftest import SPEC


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [a\nb: 1\n", ["line 2", "is not YAML"]),
        ("a: 1\n b: 2\n", ["line 2", "is not YAML"]),
        ("a: 1\nb: 2\na: 3\n", ["line 3", "'a'", "given twice", "remove one"]),
        ("a: {b: 1, c: 2, b: 3}\n", ["line 1", "'b'", "given twice"]),
        ("a: !!python/object:os.system {}\n", ["line 1", "is not YAML"]),
        ("? [a, b]\n: 1\n", ["line 1"]),
        ("? {a: b}\n: 1\n", ["line 1"]),
        ("- a\n- b\n", ["expected 'key: value'"]),
        ("just text\n", ["expected 'key: value'"]),
        ("", ["expected 'key: value'"]),
        ("a: 1\n---\nb: 2\n", ["is not YAML"]),
        ("a: \x07\n", ["is not YAML"]),
        ("a: 2026-13-45\n", ["month must be", "quotes"]),
    ],
)
def test_a_bad_file_is_named_with_its_line(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as error:
        read_yaml(path)
    message = str(error.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert not [word for word in words if word not in message], message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no such file; check the path"):
        read_yaml(tmp_path / "none.yaml")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        read_yaml(tmp_path)


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("a: Müller\n".encode("latin-1"))
    with pytest.raises(SpecError, match="cannot be read"):
        read_yaml(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_the_text(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(yaml.safe_dump(SPEC), encoding=encoding)
    assert read_campaign(path).name == "small"


def test_a_key_may_override_a_merged_one(tmp_path: Path) -> None:
    path = tmp_path / "merge.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, z: 3}\n", encoding="utf-8")
    assert read_yaml(path)["b"] == {"x": 1, "y": 2, "z": 3}


def test_problems_of_a_campaign_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump({**SPEC, "seeed": 1}), encoding="utf-8")
    with pytest.raises(SpecError, match=r"wrong\.yaml: seeed: .*did you mean 'seed'"):
        read_campaign(path)


def test_nan_in_yaml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nan.yaml"
    text = yaml.safe_dump(SPEC).replace("high: 1.0", "high: .inf")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=r"parameters\.x\.high: inf"):
        read_campaign(path)
