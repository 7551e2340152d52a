from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bigloop.contracts import Campaign
from bigloop.db import Store

WIDE = "rate [1/hour],soc,specimen,batch,life [cycle],early\n"


@pytest.fixture
def empty(nowhere: Any, spec: Campaign) -> Any:
    with Store.open(f"sqlite:///{nowhere.folder / 'store.db'}") as store:
        store.add_campaign(spec, "ann")
    return nowhere


def written(tmp_path: Path, content: str | bytes, name: str = "past.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_round_trip_keeps_every_number(
    shell: Any, tmp_path: Path, spec: Campaign, suffix: str
) -> None:
    path = tmp_path / f"all.{suffix}"
    assert "observations" in shell("export", "--to", path).out
    other = spec.model_copy(update={"name": "other"})
    with Store.open(f"sqlite:///{shell.folder / 'store.db'}") as store:
        store.add_campaign(other, "ann")
        before = store.observations("demo")
    answer = shell("import", "other", path)
    assert answer.code == 0, answer.err
    assert answer.out == f"other: {len(before)} measurements imported\n"
    with Store.open(f"sqlite:///{shell.folder / 'store.db'}") as store:
        after = store.observations("other")
    kept = ("source", "design", "specimen", "batch", "observable", "value", "age")
    assert [[getattr(o, k) for k in kept] for o in after] == [
        [getattr(o, k) for k in kept] for o in before
    ]
    again = shell("import", "other", path).out
    assert again.startswith("other: 0 measurements imported")
    assert shell("verify").code == 0


def test_wide_columns_and_units(empty: Any, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "rate [1/minute],soc,specimen,life [cycle],early\n"
        "0.05,0.3,c1,700,-4.5\n0.05,0.3,c2,,-4.7\n",
    )
    assert empty("import", "demo", path, "--source", "full").code == 0
    with Store.open(f"sqlite:///{empty.folder / 'store.db'}") as store:
        found = store.observations("demo")
    assert [o.observable for o in found] == ["life", "early", "early"]
    assert found[0].design["rate"] == pytest.approx(3.0)


def test_a_byte_order_mark_is_no_letter(empty: Any, tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbf" + (WIDE + "3,0.3,c,b,700,\n").encode())
    assert (
        "1 measurements imported"
        in empty("import", "demo", path, "--source", "full").out
    )


def test_dry_run_changes_nothing(empty: Any, tmp_path: Path) -> None:
    path = written(tmp_path, WIDE + "3,0.3,c,b,700,-5\n9,0.3,d,b,800,-5\n")
    out = empty("import", "demo", path, "--source", "full", "--dry-run").out
    assert "full: 2 x life [cycle], 700 to 800" in out
    assert "rows 3 are outside the search space" in out
    assert "nothing was changed" in out
    assert [e["kind"] for e in empty("events", "--json").json] == ["campaign.added"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("b'rate',soc,life\n3,0.3,700\n", "b'rate' is a bytes literal; write rate"),
        (WIDE + "3,0.3,c,b,700\n", "the header has 6 cells, but row 2 has 5"),
        (WIDE + "3,0.3,c,b,nan,-5\n", "row 2: life = nan is not finite"),
        (WIDE + "3,0.3,c,b,700,-5\n3,0.3,d,b,inf,-5\n", "row 3: life = inf"),
        (WIDE + "3,0.3,c,b,700,-5\n" * 2, "rows 2 and 3 agree in every column"),
        (WIDE + "3,0.3,c,b,99999,-5\n", "row 2: life = 99999 cycle: outside"),
        (WIDE + "3,x,c,b,700,-5\n", "row 2: soc = 'x' is not a number"),
        (WIDE + "3,0.3,c,b,,\n", "row 2: no observable has a value"),
        (WIDE.replace("cycle", "volt") + "3,0.3,c,b,7,\n", "life = 7 volt"),
        ("rate,life\n3,700\n", "column 'soc' is missing"),
        ("rate,soc,lief\n3,0.3,700\n", "column 'lief' is not known"),
        ("rate,soc\n3,0.3\n", "no column holds an observable"),
        ("rate,soc,soc,life\n3,0,0,700\n", "column 'soc' stands twice"),
        ("rate;soc;life\n3;0.3;700\n", "separated by semicolons"),
        (WIDE, "there are no rows"),
        ("", "the file is empty"),
        (b"rate,soc,life\n3,0.3,\xff\n", "is not UTF-8"),
        (WIDE + '3,0.3,"c,b,700,-5\n', "is not CSV"),
        (
            "rate,soc,observable,value,unit\n3,0.3,mass,7,gram\n",
            "row 2: observable 'mass' is not in the campaign",
        ),
    ],
)
def test_a_wrong_file_is_told_and_nothing_is_imported(
    empty: Any, tmp_path: Path, content: str | bytes, message: str
) -> None:
    path = written(tmp_path, content)
    answer = empty("import", "demo", path, "--source", "full")
    assert answer.code == 4
    assert message in answer.err
    assert answer.err.count("\n") == 1
    assert [e["kind"] for e in empty("events", "--json").json] == ["campaign.added"]


def test_many_wrong_rows_are_counted(empty: Any, tmp_path: Path) -> None:
    rows = "".join(f"3,0.3,c{k},b,nan,-5\n" for k in range(9))
    answer = empty("import", "demo", written(tmp_path, WIDE + rows), "--source", "full")
    assert "9 of 9 rows are wrong, nothing was imported" in answer.err
    assert "and 4 more" in answer.err


def test_the_source_must_be_said(empty: Any, tmp_path: Path) -> None:
    path = written(tmp_path, WIDE + "3,0.3,c,b,700,-5\n")
    answer = empty("import", "demo", path)
    assert answer.code == 4
    assert "is not one of full, quick" in answer.err


def test_files_of_other_kinds_are_refused(empty: Any, tmp_path: Path) -> None:
    for path in (tmp_path / "no.csv", written(tmp_path, "x", "past.xlsx")):
        answer = empty("import", "demo", path)
        assert answer.code == 2
    assert "FILE.csv or FILE.parquet" in empty("export", "--to", "a.xls").err
    broken = written(tmp_path, "x", "past.parquet")
    assert "not a Parquet file" in empty("import", "demo", broken).err


def test_trials_and_events_have_units_in_their_headers(
    shell: Any, tmp_path: Path
) -> None:
    path = tmp_path / "trials.csv"
    shell("export", "demo", "--to", path, "--what", "trials")
    header = path.read_text().splitlines()[0]
    assert "rate [1/hour]" in header
    assert "spent [cell_cycle]" in header
    assert shell("export", "--to", path, "--what", "events").out.endswith("events\n")
    answer = shell("export", "--to", path, "--what", "cells")
    assert answer.code == 2
    assert "write one of observations, trials, events" in answer.err
