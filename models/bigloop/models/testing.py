"""The contracts of `Surrogate` and `Predictor`, as checks for whoever writes one.

Examples:
    A test of your own model::

        from bigloop.models.testing import check_predictor, check_surrogate

        def test_my_model() -> None:
            check_surrogate(lambda: MyModel(...))
            check_predictor(MyModel)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bigloop.contracts import SpecError, Surrogate, TrainingRow
from bigloop.models.inputs import Inputs
from bigloop.models.predictor import Predictor, PredictorFactory

if TYPE_CHECKING:
    from torch import Tensor

Make = Callable[[], Surrogate]


def check_surrogate(make: Make, *, d: int = 2, seed: int = 0) -> None:
    """Run every check on fresh surrogates with `d` inputs and one target.

    Raises:
        AssertionError: the first broken promise, in words.
    """
    check_protocol(make)
    for n in (1, 2, 12):
        X, Y = example(n, d, seed)
        surrogate = make()
        surrogate.fit(X, Y, groups_of(n))
        check_shapes(surrogate, d)
        check_variance(surrogate, d)
    check_refusals(make, d)
    check_determinism(make, d, seed)
    check_learning(make, d, seed)


def check_predictor(factory: PredictorFactory, *, seed: int = 0) -> None:
    """Run every check on what an entry point in `bigloop.models` makes.

    Raises:
        AssertionError: the first broken promise, in words.
    """
    made = factory(Inputs(early=("a",)), log=True, scale=1.0, device="cpu")
    assert isinstance(made, Predictor), (
        f"{type(made).__name__} lacks a method of Predictor"
    )
    exact, bare, over = example_rows(seed)
    made.fit_rows([*exact, *bare, *over])
    expected = {row.specimen: row.value for row in exact}
    assert made.labelled == expected, "labelled is not the exactly measured specimens"
    check_predictions(made, bare, over)
    check_round_trip(factory, made, [*bare, *over])
    try:
        factory(Inputs(early=("a",)), log=True, scale=1.0, device="cpu").fit_rows(over)
    except SpecError:
        return
    raise AssertionError("fit_rows accepts rows without an exact value")


def example_rows(
    seed: int = 0,
) -> tuple[list[TrainingRow], list[TrainingRow], list[TrainingRow]]:
    """Specimens measured to their end, not at all, and outlived: 8, 3 and 2."""
    X, Y = example(13, 1, seed)
    rows = [
        TrainingRow(
            trial=f"t{i}",
            specimen=f"s{i}",
            batch=groups_of(13)[i],
            design={},
            early={"a": float(X[i, 0])},
            value=float(Y[i, 0].exp()),
        )
        for i in range(13)
    ]
    bare = [row.model_copy(update={"value": None}) for row in rows[8:11]]
    over = [row.model_copy(update={"censored": True}) for row in rows[11:]]
    return rows[:8], bare, over


def check_predictions(
    made: Predictor, bare: list[TrainingRow], over: list[TrainingRow]
) -> None:
    """One finite number a row; what was outlived stays below the prediction."""
    for rows in (bare, over, []):
        for part in made.predict(rows):
            assert part.shape == (len(rows),), "predict must return one number a row"
            assert part.isfinite().all(), "a prediction is not finite"
        shared, epistemic = made.shared(rows), made.predict(rows)[2]
        assert shared.shape[0] == len(rows), "shared must return one line a row"
        assert (shared.square().sum(-1) <= epistemic.square() * (1 + 1e-6)).all(), (
            "specimens share more epistemic variance than they have"
        )
    for row, mean in zip(over, made.predict(over)[0].exp().tolist(), strict=True):
        assert mean > (row.value or 0.0), "a censored specimen is predicted too low"


def check_round_trip(
    factory: PredictorFactory, made: Predictor, rows: list[TrainingRow]
) -> None:
    """A file gives back what wrote it, to the last bit."""
    content = made.to_bytes()
    again = factory.from_bytes(content)
    assert again.to_bytes() == content, "a file read and written again is another file"
    for one, other in zip(made.predict(rows), again.predict(rows), strict=True):
        assert one.equal(other), "a file read again predicts otherwise"


def example(n: int, d: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Inputs `n x d` and targets `n x 1` of a noisy line, in double precision."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n, d, dtype=torch.double, generator=generator)
    noise = torch.randn(n, 1, dtype=torch.double, generator=generator)
    return X, 6.5 + 0.4 * X[:, :1] + 0.05 * noise


def groups_of(n: int) -> tuple[str, ...]:
    """Two batches in turn."""
    return tuple("ab"[i % 2] for i in range(n))


def check_protocol(make: Make) -> None:
    """The object has every method of the Protocol."""
    assert isinstance(make(), Surrogate), (
        f"{type(make()).__name__} lacks a method of Surrogate: fit, posterior or "
        "uncertainty"
    )


def check_shapes(surrogate: Surrogate, d: int) -> None:
    """Shapes and precision follow the inputs, over batch shapes and dtypes."""
    for X in _points(d):
        posterior, expected = surrogate.posterior(X), (*X.shape[:-1], 1)
        aleatoric, epistemic = surrogate.uncertainty(X)
        found = {
            "posterior mean": posterior.mean,
            "posterior variance": posterior.variance,
            "aleatoric": aleatoric,
            "epistemic": epistemic,
        }
        for name, values in found.items():
            assert values.shape == expected, (
                f"{name} has shape {tuple(values.shape)} for inputs "
                f"{tuple(X.shape)}; it must be {expected}"
            )
            assert values.dtype == X.dtype, f"{name} is {values.dtype}, not {X.dtype}"
            assert values.isfinite().all(), f"{name} is not finite"


def check_variance(surrogate: Surrogate, d: int) -> None:
    """The posterior is of the latent value: its variance is the epistemic part.

    This is BoTorch's convention; the aleatoric part comes on top for one specimen.
    """
    import torch

    for X in _points(d):
        variance = surrogate.posterior(X).variance
        aleatoric, epistemic = surrogate.uncertainty(X)
        assert (variance >= 0).all(), "the posterior variance is negative"
        assert (aleatoric >= 0).all(), "the aleatoric standard deviation is negative"
        tolerance = 1e-6 if X.dtype == torch.double else 1e-3
        torch.testing.assert_close(
            epistemic**2,
            variance,
            rtol=tolerance,
            atol=tolerance,
            msg="epistemic squared is not the variance of posterior(X)",
        )


def check_refusals(make: Make, d: int) -> None:
    """NaN, infinity and shapes that do not fit raise `SpecError`."""
    X, Y = example(4, d)
    wrong = {
        "NaN in X": (_with(X, float("nan")), Y),
        "infinity in X": (_with(X, float("inf")), Y),
        "NaN in Y": (X, _with(Y, float("nan"))),
        "a row too few in Y": (X, Y[:-1]),
        "a vector for X": (X[:, 0], Y),
    }
    for name, (inputs, targets) in wrong.items():
        try:
            make().fit(inputs, targets, ())
        except SpecError:
            continue
        raise AssertionError(f"{name} is accepted; fit must raise SpecError")


def check_determinism(make: Make, d: int, seed: int) -> None:
    """Two surrogates given the same data say the same."""
    X, Y = example(6, d, seed)
    at = next(_points(d))
    first, second = make(), make()
    first.fit(X, Y, groups_of(6))
    second.fit(X, Y, groups_of(6))
    for name in ("mean", "variance"):
        one = getattr(first.posterior(at), name)
        other = getattr(second.posterior(at), name)
        assert one.equal(other), f"two fits to the same data differ in {name}"


def check_learning(make: Make, d: int, seed: int) -> None:
    """More data narrow the epistemic part, and a second fit forgets the first."""
    few, many, again = make(), make(), make()
    X, Y = example(60, d, seed)
    few.fit(X[:2], Y[:2], ())
    many.fit(X, Y, ())
    again.fit(X[:2], Y[:2] + 3.0, ())
    again.fit(X, Y, ())
    before, after = few.uncertainty(X)[1].mean(), many.uncertainty(X)[1].mean()
    assert after < before, f"60 rows leave {after:.3g}, 2 rows left {before:.3g}"
    same = again.posterior(X).mean.equal(many.posterior(X).mean)
    assert same, "a second fit remembers the first; fit must start anew"


def _points(d: int) -> Iterator[Tensor]:
    import torch

    for dtype in (torch.double, torch.float):
        for shape in ((1,), (5,), (3, 2), (2, 3, 4)):
            generator = torch.Generator().manual_seed(len(shape))
            yield torch.randn(*shape, d, dtype=dtype, generator=generator)


def _with(values: Tensor, bad: float) -> Tensor:
    spoiled = values.clone()
    spoiled[0, 0] = bad
    return spoiled
