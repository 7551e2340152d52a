"""The methods that are compared: ours and its peers, each a plain object in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from bigloop.bench.methods.base import Asked, Brief, Method
from bigloop.contracts import Campaign, NotFoundError

__all__ = ["METHODS", "Asked", "Brief", "Kind", "Method", "build", "find"]

OURS = "bigloop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A method by name.

    Attributes:
        package: distribution that must be installed, whose version is stated.
        place: module and callable that builds it from a `Brief`.
        needs_cheap: it is of use only where there is a second source.
        keeps_sums: what it proposes can be held to a composition.
        several: place for campaigns in which several outputs decide; empty: none.
        does: in a few words, for the report.
    """

    package: str
    place: str
    does: str
    needs_cheap: bool = False
    keeps_sums: bool = True
    several: str = ""


_M = "bigloop.bench.methods"
METHODS: dict[str, Kind] = {
    OURS: Kind(
        package="bigloop",
        place=f"{_M}.agent:AgentMethod",
        does="our agent: value per cost over designs and sources",
        several=f"{_M}.agent:AgentMethod",
    ),
    "random": Kind(
        package="bigloop",
        place=f"{_M}.uniform:RandomSearch",
        does="even draws at the target",
        several=f"{_M}.several:RandomFront",
    ),
    "ax": Kind(
        package="ax-platform",
        place=f"{_M}.ax_client:AxMethod",
        does="Ax, default client; nearest free design, which is told",
    ),
    "botorch-logei": Kind(
        package="botorch",
        place=f"{_M}.log_ei:LogExpectedImprovementMethod",
        does="BoTorch SingleTaskGP and LogEI, ranks the pool",
    ),
    "botorch-mf-kg": Kind(
        package="botorch",
        place=f"{_M}.mf_botorch:KnowledgeGradientMethod",
        does="BoTorch multi-fidelity knowledge gradient, nearest free design",
        needs_cheap=True,
        keeps_sums=False,
    ),
    "botorch-mf-mes": Kind(
        package="botorch",
        place=f"{_M}.mf_botorch:MaxValueEntropyMethod",
        does="BoTorch multi-fidelity max-value entropy, ranks the pool",
        needs_cheap=True,
        keeps_sums=False,
    ),
    "baybe": Kind(
        package="baybe",
        place=f"{_M}.baybe_campaign:BayBEMethod",
        does="BayBE, default recommender, ranks the pool",
    ),
    "optuna-tpe": Kind(
        package="optuna",
        place=f"{_M}.optuna_study:tpe",
        does="Optuna TPE; nearest free design, which is told",
        several=f"{_M}.several:tpe",
    ),
    "optuna-gp": Kind(
        package="optuna",
        place=f"{_M}.optuna_study:gaussian",
        does="Optuna Gaussian process; nearest free design, which is told",
    ),
    "optuna-nsga2": Kind(
        package="optuna",
        place="",
        does="Optuna NSGA-II; nearest free design, which is told",
        several=f"{_M}.several:genetic",
    ),
    "botorch-nehvi": Kind(
        package="botorch",
        place="",
        does="BoTorch qLogNEHVI, of one objective qLogNEI, with outcome constraints",
        several=f"{_M}.several:BotorchFront",
    ),
}


def find(name: str) -> Kind:
    """The method of a name.

    Raises:
        NotFoundError: there is none; lists those that exist.
    """
    if name not in METHODS:
        raise NotFoundError(
            f"--methods: {name!r} does not exist; there are {', '.join(METHODS)}"
        )
    return METHODS[name]


def build(name: str, brief: Brief) -> Method:
    """One fresh run of a method."""
    kind = find(name)
    place = kind.place if brief.campaign.is_plain else kind.several
    module, attribute = place.split(":")
    make: Callable[[Brief], Method] = getattr(import_module(module), attribute)
    return make(brief)


def why_not(name: str, campaign: Campaign) -> str | None:
    """Why a method cannot be run on a campaign; none when it can."""
    kind = find(name)
    try:
        version(kind.package)
    except PackageNotFoundError:
        return (
            f"{kind.package} is not installed; pip install --group peers (in the "
            "repository) brings it"
        )
    if campaign.compositions and not kind.keeps_sums:
        return "it keeps no compositions"
    if not (kind.place if campaign.is_plain else kind.several):
        plain = "one objective without requirements"
        return f"it knows {plain} alone" if kind.place else f"of {plain} it knows none"
    if kind.needs_cheap and len(campaign.sources) < 2:
        return "it needs a second source, and there is one"
    return None


@cache
def version_of(name: str) -> str:
    """What a run depends on beside the document: package version, and our code.

    Our own code changes between versions, so that its hash is part of ours.
    """
    found = version(find(name).package)
    return f"{found}+{_sources('bigloop.agents')}" if name == OURS else found


def _sources(package: str) -> str:
    """Hash of the Python files of a package, shortened to 8 hex digits."""
    spec = find_spec(package)
    assert spec is not None
    total = hashlib.sha256()
    for place in spec.submodule_search_locations or ():
        for file in sorted(Path(place).rglob("*.py")):
            total.update(file.read_bytes())
    return total.hexdigest()[:8]
