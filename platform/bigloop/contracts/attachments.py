"""Files that a source hands in with its outcome, before and after they are kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, PlainValidator, SkipValidation
from pydantic.json_schema import SkipJsonSchema

from bigloop.contracts.base import Document

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,199}")
_MEDIA = re.compile(r"[a-z]+/[A-Za-z0-9][A-Za-z0-9.+-]{0,99}")
_STARTS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
MOST = 20
"""Files of one outcome."""


class Attachment(Document):
    """A small file that a source hands in with its outcome, not yet kept.

    Nothing of it is checked here: an outcome is worth more than its files. Who keeps
    it does (`problem`, then the worker), and says in the outcome what was refused.
    """

    name: SkipValidation[str]
    """As it is to be saved: letters, digits, space and `._-`, up to 200 characters."""
    content: SkipValidation[bytes] = Field(repr=False)
    media_type: SkipValidation[str] = "application/octet-stream"
    description: SkipValidation[str] = ""
    """What it is, for people."""


class KeptFile(Document):
    """A file of an outcome that is kept as an artifact of its trial."""

    name: str
    media_type: str
    description: str = ""
    sha256: str
    size: int
    """Bytes."""


def _here(value: Any) -> tuple[Attachment, ...]:
    found = tuple(value) if isinstance(value, tuple | list) else (value,)
    if not all(isinstance(one, Attachment) for one in found):
        raise ValueError("give Attachment objects; from afar, upload the files")
    return found


# Files as objects of this process: no schema speaks of what comes in no JSON.
if TYPE_CHECKING:
    Attached = tuple[Attachment, ...]
else:
    Attached = Annotated[Any, SkipJsonSchema(), PlainValidator(_here)]


def problem(given: Attachment, most_bytes: int) -> str:
    """Why a file cannot be kept, in one line; empty: it can."""
    name, media = given.name, given.media_type
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return (
            f"file {str(name)[:40]!r}: give a name of letters, digits, space and "
            "'._-', a letter or digit first"
        )
    if not isinstance(given.content, bytes):
        return (
            f"file {name!r}: its content is {type(given.content).__name__}, not bytes"
        )
    if len(given.content) > most_bytes:
        return f"file {name!r}: {len(given.content)} bytes; give {most_bytes} at most"
    if not isinstance(media, str) or not _MEDIA.fullmatch(media):
        return f"file {name!r}: {media!r} is no media type; give one like text/csv"
    if not given.content.startswith(_STARTS.get(media, b"")):
        return f"file {name!r}: it is no {media}; give the type that it has"
    if not isinstance(given.description, str):
        return f"file {name!r}: its description is no text"
    return ""
