"""A model file: safetensors with its metadata as JSON, addressed by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bigloop.contracts import SpecError, canonical_json

if TYPE_CHECKING:
    from torch import Tensor

_KEY = "bigloop"


def pack(tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> bytes:
    """Tensors and metadata as bytes: equal content, equal bytes."""
    from safetensors.torch import save

    plain = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
    return bytes(save(plain, metadata={_KEY: canonical_json(dict(metadata))}))


def unpack(content: bytes, model: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and metadata of a file that `model` wrote.

    Raises:
        SpecError: the bytes are no such file.
    """
    from safetensors.torch import load

    try:
        tensors = load(content)
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        metadata = json.loads(header["__metadata__"][_KEY])
    except Exception as error:
        raise SpecError(
            f"not a model file of bigloop ({error}); train the model again"
        ) from None
    if metadata.get("model") != model:
        raise SpecError(
            f"the file holds a {metadata.get('model')!r}, not a {model!r}; load it "
            "with the model that wrote it"
        )
    return tensors, metadata


def address(content: bytes) -> str:
    """SHA-256 of a model file, in hex."""
    return hashlib.sha256(content).hexdigest()
