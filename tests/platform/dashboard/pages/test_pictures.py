"""Pictures of trials: what is one, how it is given out, and where it is shown."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from bigloop.contracts import TrialState
from bigloop.db import Store

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc00000030101001863e1d70000000049454e44ae426082"
)
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 16
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


@pytest.fixture
def measured(store: Store) -> str:
    """Id of a trial with a result at the target."""
    done = store.trials("demo", [TrialState.COMPLETED])
    return next(t.id for t in done if t.proposal.source == "full")


def put(
    client: TestClient, trial: str, name: str, content: bytes, kind: str = "image/png"
) -> str:
    answer = client.post(
        f"/api/v1/campaigns/demo/artifacts?name={quote(name)}&trial={trial}",
        content=content,
        headers={"Content-Type": kind},
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["sha256"])


@pytest.mark.parametrize(("content", "kind"), [(PNG, "png"), (JPEG, "jpeg")])
def test_its_type_is_what_it_is_and_not_what_was_said(
    client: TestClient, measured: str, content: bytes, kind: str
) -> None:
    sha256 = put(client, measured, "lattice.png", content, "text/html")
    answer = client.get(f"/c/demo/pictures/{sha256}")
    assert answer.content == content
    assert answer.headers["content-type"] == f"image/{kind}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("content", [SVG, b"<html>", b"", b"GIF89a", PNG[:7]])
def test_nothing_else_is_shown(
    client: TestClient, measured: str, content: bytes
) -> None:
    sha256 = put(client, measured, "evil.png", content)
    answer = client.get(f"/c/demo/pictures/{sha256}")
    assert answer.status_code == 404
    assert content == b"" or content not in answer.content


def test_a_picture_of_no_campaign_is_not_shown(client: TestClient) -> None:
    assert client.get(f"/c/demo/pictures/{'ab' * 32}").status_code == 404
    assert client.get("/c/demo/pictures/..%2fstore.db").status_code == 404
    assert client.get(f"/c/other/pictures/{'ab' * 32}").status_code == 404


def test_a_trial_shows_its_files_and_pictures(
    client: TestClient, measured: str
) -> None:
    sha256 = put(client, measured, "final <lattice>.png", PNG)
    put(client, measured, "curve.csv", b"a,b", "text/csv")
    text = client.get(f"/t/{measured}").text
    image = re.search(rf'<img src="/c/demo/pictures/{sha256}"[^>]*>', text)
    assert image is not None
    assert 'alt="final &lt;lattice&gt;.png"' in image[0]
    assert 'loading="lazy"' in image[0]
    assert text.count("<img ") == 1
    assert "curve.csv</a>" in text


def test_the_map_knows_the_picture_of_a_design(
    client: TestClient, measured: str
) -> None:
    before = client.get("/c/demo/space").text
    assert "/pictures/" not in before
    sha256 = put(client, measured, "lattice.png", PNG)
    text = client.get("/c/demo/space").text
    found = re.search(r'id="chart-pca-data">(.*?)</script>', text)
    assert found is not None
    series = json.loads(found[1])["series"]
    images = [image for s in series for image in s["images"] if image]
    assert images == [f"/c/demo/pictures/{sha256}"]
    assert f'<a href="/t/{measured}" data-image="{images[0]}">' in text
    assert f'alt="lattice.png, trial {measured[:8]}"' in text
