"""The contract of `GenerativeModel`, as a check for whoever writes one.

Examples:
    A test of your own model::

        from bigloop.models.testing_generative import Example, check_generative_model

        def test_my_model() -> None:
            check_generative_model(MyModel, Example(views=..., shown=("picture",)))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from bigloop.contracts import GenerativeModel, SpecError

if TYPE_CHECKING:
    from torch import Tensor

Make = Callable[[], GenerativeModel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Data that the model can learn from within seconds."""

    views: Mapping[str, Tensor]
    """All of them, `n x ...`."""
    shown: tuple[str, ...]
    """Views that `encode` is given."""
    given: tuple[str, ...] = ()
    """Views that the decoder is told."""
    may_miss: tuple[str, ...] = field(default=())
    """Views of floats that may be masked in some rows."""


def check_generative_model(make: Make, example: Example) -> None:
    """Run every check on fresh models.

    Raises:
        AssertionError: the first broken promise, in words.
    """
    model = make()
    assert isinstance(model, GenerativeModel), (
        f"{type(model).__name__} lacks a method of GenerativeModel"
    )
    _refused("encode before fit", lambda: model.encode(_part(example, example.shown)))
    model.fit(example.views)
    check_latents(model, example)
    check_views(model, example)
    check_samples(model, example)
    check_file(model, example)
    check_bad_input(make, model, example)
    check_same_seed(make, model, example)
    if example.may_miss:
        check_missing(make, example)


def check_latents(model: GenerativeModel, example: Example) -> None:
    """One finite Gaussian a row, the same every time, whatever stands beside it."""
    import torch

    shown = _part(example, example.shown)
    mean, sd = model.encode(shown)
    n = len(next(iter(shown.values())))
    assert (mean.ndim, len(mean), mean.shape) == (2, n, sd.shape), (
        f"encode gives {tuple(mean.shape)} and {tuple(sd.shape)} for {n} rows; both "
        "must be n x latent"
    )
    finite = mean.isfinite().all() and sd.isfinite().all()
    assert finite, "a latent is not finite"
    assert (sd >= 0).all(), "a standard deviation of the latent is negative"
    alone = model.encode({name: value[:1] for name, value in shown.items()})[0]
    torch.testing.assert_close(
        alone, mean[:1], rtol=1e-3, atol=1e-4, msg="a row is encoded otherwise alone"
    )


def check_views(model: GenerativeModel, example: Example) -> None:
    """Decoding gives finite views, one row a latent, and tells latents apart."""
    import torch

    mean, _ = model.encode(_part(example, example.shown))
    given = _part(example, example.given)
    decoded = model.decode(mean, given)
    assert decoded, "decode gives no view"
    for name, value in decoded.items():
        assert len(value) == len(mean), f"decode gives {len(value)} rows of {name}"
        assert value.isfinite().all(), f"decode gives {name} that is not finite"
    again = model.decode(mean, given)
    same = all(again[name].equal(value) for name, value in decoded.items())
    assert same, "decode draws: the same latent is decoded otherwise"
    far = model.decode(mean + 3 * torch.ones_like(mean), given)
    assert any(not far[name].equal(value) for name, value in decoded.items()), (
        "decode does not depend on the latent"
    )


def check_samples(model: GenerativeModel, example: Example) -> None:
    """As many as asked for; equal seeds, equal draws; other seeds, other draws."""
    for given in ({}, {k: v[:1] for k, v in _part(example, example.given).items()}):
        one, same = (model.sample(3, given, seed=1) for _ in range(2))
        other = model.sample(3, given, seed=2)
        for name, value in one.items():
            assert len(value) == 3, f"sample(3) gives {len(value)} rows of {name}"
            assert value.equal(same[name]), f"equal seeds draw different {name}"
        assert any(not other[k].equal(v) for k, v in one.items()), "seeds do nothing"
    _refused("sample(0)", lambda: model.sample(0))


def check_file(model: GenerativeModel, example: Example) -> None:
    """A file gives back what wrote it, and a damaged one is refused."""
    content = model.to_bytes()
    again = type(model).from_bytes(content)
    assert again.to_bytes() == content, "a file read and written again is another file"
    shown = _part(example, example.shown)
    assert again.encode(shown)[0].equal(model.encode(shown)[0]), (
        "a file read again encodes otherwise"
    )
    damaged = bytearray(content)
    damaged[-1] ^= 0x40
    _refused("a damaged file", lambda: type(model).from_bytes(bytes(damaged)))
    _refused(
        "half a file", lambda: type(model).from_bytes(content[: len(content) // 2])
    )


def check_bad_input(make: Make, model: GenerativeModel, example: Example) -> None:
    """NaN, wrong shapes, unknown views and too few rows raise `SpecError`."""
    import torch

    views = dict(example.views)
    first = example.shown[0]
    for name, value in views.items():
        if value.is_floating_point():
            spoiled = value.clone()
            spoiled.view(-1)[0] = float("nan")
            bad = {**views, name: spoiled}
            _refused(f"NaN in {name}", partial(make().fit, bad))
        if len(views) > 1:
            short = {**views, name: value[:-1]}
            _refused(f"a row too few in {name}", partial(make().fit, short))
    _refused("an unknown view", lambda: make().fit({**views, "nonsense": views[first]}))
    few = {name: value[:1] for name, value in views.items()}
    _refused("one row", lambda: make().fit(few))
    constant = {**views, first: torch.zeros_like(views[first])}
    _refused(f"{first} that is 0 everywhere", lambda: make().fit(constant))
    flat = {first: views[first].flatten(1)}
    _refused(f"a flat {first}", lambda: model.encode(flat))
    _refused("a latent of another width", lambda: model.decode(torch.zeros(2, 999)))
    wrong = {
        name: value[:, :1] for name, value in _part(example, example.given).items()
    }
    if wrong:
        _refused("given of another width", lambda: model.sample(2, wrong))


def check_same_seed(make: Make, model: GenerativeModel, example: Example) -> None:
    """Two models given the same data are the same to the last bit."""
    again = make()
    again.fit(example.views)
    assert again.to_bytes() == model.to_bytes(), "two fits to the same data differ"


def check_missing(make: Make, example: Example) -> None:
    """Values that are masked may be anything: they are not learned from."""
    import torch

    models = []
    for filler in (float("nan"), 1e6):
        views, missing = dict(example.views), {}
        for name in example.may_miss:
            mask = torch.zeros(len(views[name]), dtype=torch.bool)
            mask[::3] = True
            views[name] = views[name].clone()
            views[name][mask] = filler
            missing[name] = mask
        model = make()
        model.fit(views, missing=missing)
        models.append(model.to_bytes())
    assert models[0] == models[1], "what is masked is learned from"


def _part(example: Example, names: tuple[str, ...]) -> dict[str, Tensor]:
    return {name: example.views[name] for name in names}


def _refused(what: str, act: Callable[[], object]) -> None:
    try:
        act()
    except SpecError:
        return
    raise AssertionError(f"{what} is accepted; it must raise SpecError")
