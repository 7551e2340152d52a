"""A table of readings becomes histories; what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigloop.contracts import SpecError
from bigloop.models.interphase import Records, read_table

HEAD = "specimen,age,source,observable,value,censored,configuration.c,condition.T\n"
ROWS = (
    "a,10,s,y,2.5,,1,300\na,20,s,y,,,1,320\na,30,s,y,4.0,1,1,320\nb,10,r,v,-1,0,2,300\n"
)


def write(folder: Path, text: str) -> Path:
    path = folder / "readings.csv"
    path.write_text(text)
    return path


def test_rows_become_histories(tmp_path: Path) -> None:
    found = read_table(write(tmp_path, HEAD + ROWS), {"y": "increasing"})
    assert found.specimens == ("a", "b")
    assert found.layout.observables == {"y": "increasing", "v": "free"}
    records = Records.of(found.layout, found.histories)
    assert records.configuration[:, 0].tolist() == [1.0, 2.0]
    assert records.ages[0].tolist() == [10.0, 20.0, 30.0]
    assert records.conditions[0, :, 0].tolist() == [300.0, 320.0, 320.0]
    assert records.values[0, :, 0].tolist() == [2.5, 0.0, 4.0]
    assert records.censored[0, :, 0].tolist() == [0.0, 0.0, 1.0]
    assert float(records.mask.sum()) == 3.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no rows"),
        ("specimen,age\na,1\n", "source, observable, value missing"),
        (HEAD.replace("condition.T", "T") + ROWS, "column 'T' is unknown"),
        (HEAD + ROWS.replace("4.0", "nan"), "row 4, value: 'nan'"),
        (HEAD + ROWS.replace("a,10", "a,-1"), "row 2, age: -1"),
        (HEAD + ROWS.replace("4.0,1,1", "4.0,1,7"), "row 4, configuration"),
        (HEAD + ROWS + "a,30,s,v,1,,1,300\n", "row 6, condition"),
        (HEAD + ROWS + "b,10,r,v,3,,2,300\n", "read twice"),
        (HEAD + ROWS.replace("4.0,1", "4.0,yes"), "censored: 'yes'"),
        (HEAD + ROWS.replace("b,10", ",10"), "specimen: it is empty"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SpecError, match=says) as caught:
        read_table(write(tmp_path, text), {})
    assert "\n" not in str(caught.value)


def test_an_unknown_observable_and_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no reading of 'q'; there are y, v"):
        read_table(write(tmp_path, HEAD + ROWS), {"q": "free"})
    with pytest.raises(SpecError, match="No such file"):
        read_table(tmp_path / "none.csv", {})
