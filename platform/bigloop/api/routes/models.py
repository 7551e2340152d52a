"""Models: what was trained, on what, and the files themselves."""

from __future__ import annotations

import base64

from fastapi import APIRouter
from fastapi.responses import Response

from bigloop.api.answering import CampaignName
from bigloop.api.context import Used
from bigloop.api.files import attachment
from bigloop.api.security import Viewer
from bigloop.contracts import ModelVersion, NotFoundError
from bigloop.loop.filing import read

router = APIRouter(tags=["models"])


@router.get("/campaigns/{campaign}/models")
def models(context: Used, _: Viewer, campaign: CampaignName) -> list[ModelVersion]:
    """All models in the order in which they were added, without their weights."""
    return [_light(model) for model in context.store.models(campaign)]


@router.get("/campaigns/{campaign}/models/{model}")
def model(context: Used, _: Viewer, campaign: CampaignName, model: str) -> ModelVersion:
    """One model, without its weights."""
    return _light(_found(context, campaign, model))


@router.get("/campaigns/{campaign}/models/{model}/file", response_class=Response)
def file(context: Used, _: Viewer, campaign: CampaignName, model: str) -> Response:
    """The weights of a model: a safetensors file."""
    found = _found(context, campaign, model)
    if found.artifact:
        content = base64.b64decode(found.artifact)
    elif found.sha256:
        content = read(context.folder, found.sha256)
    else:
        raise NotFoundError(f"model {model!r} has no file; train it again")
    return attachment(content, f"{found.id[:16]}.safetensors")


def _found(context: Used, campaign: str, model: str) -> ModelVersion:
    for version in context.store.models(campaign):
        if version.id == model:
            return version
    raise NotFoundError(f"model {model!r} is not in campaign {campaign!r}; list them")


def _light(model: ModelVersion) -> ModelVersion:
    return model.model_copy(update={"artifact": ""})
