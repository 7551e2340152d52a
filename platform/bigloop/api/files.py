"""Files that come and go: kept by their hash, given as attachments, never run."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import quote

from fastapi.responses import Response
from starlette.exceptions import HTTPException

from bigloop.loop.filing import place_of

BINARY = "application/octet-stream"
# Whatever a browser makes of the content, it may do nothing.
_LOCKED = {"Content-Security-Policy": "default-src 'none'; sandbox"}


def attachment(content: bytes, name: str, media_type: str = BINARY) -> Response:
    """An answer that a browser saves and does not show."""
    return Response(content, media_type=media_type, headers=saved_as(name))


def saved_as(name: str) -> dict[str, str]:
    """Headers that make a browser save an answer under a name."""
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return {"Content-Disposition": disposition, **_LOCKED}


async def keep(
    folder: Path, content: AsyncIterator[bytes], most_bytes: int
) -> tuple[str, int]:
    """Write a file under its hash; hash and size.

    Raises:
        HTTPException: 413, it is larger than `most_bytes`; nothing is kept.
    """
    there = folder / "artifacts"
    there.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with NamedTemporaryFile(dir=there, prefix="new-", delete=False) as file:
        try:
            async for part in content:
                size += len(part)
                if size > most_bytes:
                    raise HTTPException(413, f"the file is above {most_bytes} bytes")
                digest.update(part)
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            os.unlink(file.name)
            raise
    place = place_of(folder, digest.hexdigest())
    place.parent.mkdir(exist_ok=True)
    os.replace(file.name, place)
    return digest.hexdigest(), size
