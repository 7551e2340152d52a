"""The predictor against dense algebra, quadrature, and draws from its own prior."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from botorch.acquisition import qUpperConfidenceBound
from scipy import integrate, stats

from bigloop.contracts import SpecError, TrainingRow, plugins
from bigloop.models import regressors
from bigloop.models.adapter import SurrogateModel
from bigloop.models.early_life import EarlyLifePredictor
from bigloop.models.inputs import Inputs
from bigloop.models.outlook import Outlook
from bigloop.models.testing import check_surrogate

INPUTS = Inputs(early=("a", "b"))
ONE_NODE = {"n_signal": 1, "n_noise": 1, "n_batch": 1}


def _row(
    name: str,
    a: float,
    b: float,
    value: float | None,
    batch: str | None,
    censored: bool = False,
) -> TrainingRow:
    early = {"a": a, "b": b}
    return TrainingRow(
        trial=f"t{name}",
        specimen=name,
        batch=batch,
        design={},
        early=early,
        value=value,
        censored=censored,
    )


def _rows(n: int, seed: int, *, batches: int = 2) -> list[TrainingRow]:
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n, 4, dtype=torch.double, generator=generator)
    shift = torch.randn(batches, dtype=torch.double, generator=generator) * 0.2
    y = 6.5 - 0.4 * z[:, 0] + 0.1 * z[:, 1] + 0.15 * z[:, 2]
    return [
        _row(
            f"s{i:03}",
            float(z[i, 0]),
            float(z[i, 1]),
            math.exp(float(y[i] + shift[i % batches])),
            f"b{i % batches}",
        )
        for i in range(n)
    ]


def test_entry_point() -> None:
    assert plugins.load("models", "early-life") is EarlyLifePredictor


def test_contract() -> None:
    check_surrogate(EarlyLifePredictor)


def test_contract_of_a_wide_model() -> None:
    check_surrogate(EarlyLifePredictor, d=11, seed=1)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_equals_dense_algebra_at_fixed_hyperparameters(n: int) -> None:
    """Generalised least squares with the `n x n` covariance, by hand."""
    rows = _rows(9, seed=n)
    predictor = EarlyLifePredictor(INPUTS, log=True, n_signal=1, n_noise=1, n_batch=1)
    predictor.fit_rows(rows[:n])
    mean, aleatoric, epistemic = predictor.predict(rows[n:])

    X = torch.tensor([[r.early["a"], r.early["b"]] for r in rows]).double()
    spread = X[:n].std(0, correction=0) if n > 1 else torch.ones(2).double()
    z = (X - X[:n].mean(0)) / spread
    y = torch.tensor([math.log(r.value or 0.0) for r in rows[:n]]).double()
    same = torch.tensor([[float(r.batch == s.batch) for s in rows] for r in rows])
    batch = predictor.prior.nodes(True)[0][0, 2]
    kernel = 0.5**2 / 2 * z @ z.T + batch**2 * same.double()
    noisy = kernel[:n, :n] + 0.2**2 * torch.eye(n)
    ones = torch.ones(n, 1).double()
    inverse = torch.linalg.inv(noisy)
    gls = 1.0 / (ones.T @ inverse @ ones)
    level = gls @ ones.T @ inverse @ y
    cross = kernel[n:, :n] @ inverse
    left = 1.0 - cross @ ones
    expected = level + cross @ (y - level)
    variance = (
        kernel[n:, n:] - cross @ kernel[:n, n:] + left * gls @ left.T
    ).diagonal()
    torch.testing.assert_close(mean, expected)
    torch.testing.assert_close(epistemic, variance.sqrt())
    torch.testing.assert_close(aleatoric, torch.full_like(mean, 0.2))


def test_weights_of_the_grid_are_the_evidence() -> None:
    """Ratio of marginal likelihoods between two noises, against quadrature."""
    y = [0.05, -0.1, 0.1]
    predictor = EarlyLifePredictor(n_signal=1, n_noise=2, n_batch=1)
    Y = torch.tensor(y).double()[:, None]
    predictor.fit(torch.zeros(3, 1).double(), Y)
    mixture = predictor._state.mixture

    def evidence(noise: float) -> float:
        def joint(level: float) -> float:
            return float(stats.norm(level, noise).pdf(y).prod())

        return float(integrate.quad(joint, -8.0, 8.0, points=[0.0], limit=500)[0])

    low, high = mixture.nodes[:, 1].tolist()
    ratio = float(mixture.weights[1] / mixture.weights[0])
    assert ratio == pytest.approx(evidence(high) / evidence(low), rel=1e-6)


def test_censored_specimen_against_quadrature() -> None:
    """Two exact labels and one exceeded: the level's posterior by brute force."""
    predictor = EarlyLifePredictor(n_signal=1, n_noise=1)
    Y = torch.tensor([[6.0], [6.2], [6.5]]).double()
    over = torch.tensor([False, False, True])
    predictor.fit(torch.zeros(3, 1).double(), Y, censored=over)
    found = predictor.posterior(torch.zeros(1, 1).double())

    def weight(level: float) -> float:
        exact = stats.norm(level, 0.2).pdf([6.0, 6.2]).prod()
        return float(exact * stats.norm(level, 0.2).sf(6.5))

    moments = [
        integrate.quad(lambda u, k=k: u**k * weight(u), 5.0, 8.0, epsabs=1e-14)[0]
        for k in range(3)
    ]
    mean = moments[1] / moments[0]
    variance = moments[2] / moments[0] - mean**2
    # One site is matched exactly: expectation propagation has no error left here.
    assert found.mean.item() == pytest.approx(mean, rel=1e-6)
    assert found.variance.item() == pytest.approx(variance, rel=1e-5)


def test_many_censored_specimens_against_quadrature() -> None:
    """Expectation propagation errs by less than a hundredth of the posterior spread."""
    exact, exceeded = [6.0, 6.2], [6.5, 6.1, 6.3, 6.0, 6.4]
    predictor = EarlyLifePredictor(n_signal=1, n_noise=1)
    Y = torch.tensor([*exact, *exceeded]).double()[:, None]
    predictor.fit(torch.zeros(7, 1).double(), Y, censored=torch.arange(7) >= 2)
    found = predictor.posterior(torch.zeros(1, 1).double())
    grid = np.linspace(5.0, 8.0, 20_001)[:, None]
    density = stats.norm(grid, 0.2).pdf(exact).prod(-1)
    density *= stats.norm(grid, 0.2).sf(exceeded).prod(-1)
    mean = float(np.average(grid[:, 0], weights=density))
    sd = math.sqrt(np.average((grid[:, 0] - mean) ** 2, weights=density))
    assert abs(found.mean.item() - mean) < 0.01 * sd
    assert math.sqrt(found.variance.item()) == pytest.approx(sd, rel=0.01)


def test_prediction_of_a_censored_specimen_lies_above_its_bound() -> None:
    rows = _rows(8, seed=3)
    over = [r.model_copy(update={"value": 900.0, "censored": True}) for r in rows[:3]]
    predictor = EarlyLifePredictor(INPUTS, log=True)
    predictor.fit_rows([*over, *rows[3:]])
    mean, aleatoric, epistemic = predictor.predict(over)
    assert (mean > math.log(900.0)).all()
    assert (aleatoric > 0).all()
    assert (epistemic > 0).all()


def test_one_censored_specimen_is_not_counted_twice() -> None:
    """The value of one whose bound is known, by quadrature over level and noise."""
    predictor = EarlyLifePredictor(INPUTS, n_signal=1, n_noise=1)
    exact = [_row(f"e{i}", 0.0, 0.0, y, None) for i, y in enumerate((6.0, 6.2))]
    over = _row("c", 0.0, 0.0, 6.5, None, censored=True)
    predictor.fit_rows([*exact, over])
    mean, aleatoric, epistemic = predictor.predict([over])
    # From two labels: the value of a third is normal around 6.1, variance 3/2 noise^2.
    spread = 0.2 * math.sqrt(1.5)
    truth = stats.truncnorm((6.5 - 6.1) / spread, math.inf, loc=6.1, scale=spread)
    assert mean.item() == pytest.approx(truth.mean(), rel=1e-6)
    total = aleatoric.item() ** 2 + epistemic.item() ** 2
    assert total == pytest.approx(truth.var(), rel=1e-5)


def test_censoring_moves_the_belief_up_but_less_than_an_exact_value() -> None:
    rows = _rows(6, seed=5)
    bare = rows[0].model_copy(update={"value": None})
    long = rows[0].model_copy(update={"value": 5000.0, "censored": True})
    full = rows[0].model_copy(update={"value": 5000.0})
    means = []
    for first in (bare, long):
        predictor = EarlyLifePredictor(INPUTS, log=True)
        predictor.fit_rows([first, *rows[1:]])
        means.append(float(predictor.predict([bare])[0]))
    assert means[0] < means[1]
    predictor.fit_rows([full, *rows[1:]])
    assert full.specimen in predictor.labelled


def _world(generator: torch.Generator, n: int) -> list[TrainingRow]:
    """`n + 6` specimens with spreads from the prior; the last 3 are of a new batch."""
    prior, m = EarlyLifePredictor().prior, n + 6
    z = torch.randn(8 + m, dtype=torch.double, generator=generator)
    x = torch.randn(m, 2, dtype=torch.double, generator=generator)
    # The slopes' prior is on inputs standardised by the specimens seen.
    x = (x - x.mean(0)) / x.std(0, correction=0)
    signal = prior.signal * math.exp(prior.signal_log_sd * z[0])
    noise = prior.noise * math.exp(prior.noise_log_sd * z[1])
    shift = prior.batch * abs(z[2]) * z[3:6]
    y = 6.0 + x @ (signal / math.sqrt(2) * z[6:8]) + noise * z[8:]
    batch = [i % 2 if i < n + 3 else 2 for i in range(m)]
    return [
        _row(
            f"s{i:02}", float(x[i, 0]), float(x[i, 1]), float(y[i] + shift[b]), f"b{b}"
        )
        for i, b in enumerate(batch)
    ]


def _probability_below(predictor: EarlyLifePredictor, row: TrainingRow) -> float:
    """Where the truth lies in the predictive mixture (uniform when that is right)."""
    state = predictor._state
    z = (INPUTS.matrix([row]) - state.centre) / state.spread
    hot = regressors.one_hot([row.batch or ""], state.batches, z)
    outlook = Outlook.of(state.mixture, regressors.design(z, hot), 1.0 - hot.sum(-1))
    y = (row.value or 0.0) - state.origin
    spread = (outlook.variance + outlook.noise**2).sqrt()
    below = torch.special.ndtr((y - outlook.mean) / spread)
    return float((outlook.weights * below).sum())


@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_truth_is_uniform_in_worlds_drawn_from_the_prior(n: int) -> None:
    """Simulation-based calibration, 400 worlds, in a batch seen and in one not seen.

    Kolmogorov-Smirnov at 0.1 %, and 90 % intervals within the central 99.8 % of their
    binomial.
    """
    generator = torch.Generator().manual_seed(n)
    worlds = 400
    found: dict[str, list[float]] = {"seen": [], "unseen": []}
    for _ in range(worlds):
        rows = _world(generator, n)
        predictor = EarlyLifePredictor(INPUTS)
        bare = [r.model_copy(update={"value": None}) for r in rows[n:]]
        predictor.fit_rows([*rows[:n], *bare])
        found["seen"].append(_probability_below(predictor, rows[n + n % 2]))
        found["unseen"].append(_probability_below(predictor, rows[-1]))
    low, high = stats.binom(worlds, 0.90).ppf([0.001, 0.999])
    for values in found.values():
        assert stats.kstest(values, "uniform").pvalue > 0.001
        assert low <= sum(0.05 <= v <= 0.95 for v in values) <= high


def test_unseen_batch_is_wider_than_a_seen_one() -> None:
    rows = _rows(40, seed=0)
    predictor = EarlyLifePredictor(INPUTS, log=True)
    predictor.fit_rows(rows)
    seen = rows[0]
    other = seen.model_copy(update={"batch": "new"})
    unknown = seen.model_copy(update={"batch": None})
    _, _, epistemic = predictor.predict([seen, other, unknown])
    batch = predictor.summary()["batch"]
    assert epistemic[1] == epistemic[2]
    assert epistemic[1] > batch * 0.9
    assert epistemic[0] < 0.5 * epistemic[1]


def test_without_batches_there_is_no_batch_effect() -> None:
    rows = [r.model_copy(update={"batch": None}) for r in _rows(40, seed=0)]
    predictor = EarlyLifePredictor(INPUTS, log=True)
    predictor.fit_rows(rows)
    assert "batch" not in predictor.summary()
    aware = EarlyLifePredictor(INPUTS, log=True)
    aware.fit_rows(_rows(40, seed=0))
    assert predictor.predict(rows[:1])[2] < aware.predict(rows[:1])[2]


def test_units_of_inputs_do_not_matter() -> None:
    rows = _rows(12, seed=2)
    other = [
        r.model_copy(
            update={"early": {"a": 1e3 * r.early["a"] + 7.0, "b": r.early["b"]}}
        )
        for r in rows
    ]
    found = []
    for data in (rows, other):
        predictor = EarlyLifePredictor(INPUTS, log=True)
        predictor.fit_rows(data[:6])
        found.append(torch.stack(predictor.predict(data)))
    torch.testing.assert_close(*found)


def test_unlabelled_specimens_set_the_scale_only() -> None:
    rows = _rows(12, seed=2)
    bare = [r.model_copy(update={"value": None}) for r in rows[6:]]
    predictor = EarlyLifePredictor(INPUTS, log=True)
    predictor.fit_rows([*rows[:6], *bare])
    assert len(predictor.labelled) == 6
    X = INPUTS.matrix(rows)
    torch.testing.assert_close(predictor._state.centre, X.mean(0))


@pytest.mark.parametrize("censored", [False, True])
def test_round_trip_is_exact(censored: bool) -> None:
    rows = _rows(10, seed=4)
    if censored:
        rows[0] = rows[0].model_copy(update={"value": 800.0, "censored": True})
    predictor = EarlyLifePredictor(INPUTS, log=True)
    predictor.fit_rows(rows)
    content = predictor.to_bytes()
    again = EarlyLifePredictor.from_bytes(content)
    assert again.to_bytes() == content
    for one, other in zip(predictor.predict(rows), again.predict(rows), strict=True):
        assert one.equal(other)


def test_file_is_small_whatever_the_number_of_rows() -> None:
    X = torch.randn(20_000, 2, dtype=torch.double)
    predictor = EarlyLifePredictor()
    predictor.fit(X, X.sum(-1, keepdim=True))
    assert len(predictor.to_bytes()) < 4000


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"{}" * 20])
def test_foreign_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(SpecError, match="not a model file"):
        EarlyLifePredictor.from_bytes(content)


def test_refuses_to_learn_from_censored_values_alone() -> None:
    row = _row("s", 0.0, 0.0, 700.0, None, censored=True)
    with pytest.raises(SpecError, match="no specimen has an exact value"):
        EarlyLifePredictor(INPUTS).fit_rows([row])


def test_asks_for_what_is_missing() -> None:
    row = _row("s", 0.0, 0.0, 700.0, None).model_copy(update={"early": {"a": 1.0}})
    with pytest.raises(SpecError, match="specimen 's' lacks 'b'"):
        EarlyLifePredictor(INPUTS).fit_rows([row])


def test_noise_comes_on_top_when_asked_for() -> None:
    X, Y = torch.randn(6, 2).double(), torch.randn(6, 1).double()
    predictor = EarlyLifePredictor()
    predictor.fit(X, Y, "aabbab")
    aleatoric, epistemic = predictor.uncertainty(X)
    total = predictor.posterior(X, observation_noise=True).variance
    torch.testing.assert_close(aleatoric**2 + epistemic**2, total, rtol=1e-6, atol=0)


def test_points_share_the_new_batch() -> None:
    """Two specimens of one unseen batch err together by the batch's variance."""
    X, Y = torch.randn(30, 1).double(), torch.randn(30, 1).double()
    predictor = EarlyLifePredictor()
    predictor.fit(X, Y, ["a", "b", "c"] * 10)
    covariance = predictor.posterior(torch.tensor([[-1.0], [1.0]]).double())
    matrix = covariance.distribution.covariance_matrix
    mixture = predictor._state.mixture
    batch = float(mixture.weights @ mixture.nodes[:, 2] ** 2)
    assert matrix[0, 1].item() > 0.5 * batch


def test_acquisition_functions_take_it() -> None:
    X, Y = torch.randn(6, 2).double(), torch.randn(6, 1).double()
    predictor = EarlyLifePredictor()
    predictor.fit(X, Y)
    at = torch.zeros(3, 4, 2, dtype=torch.double, requires_grad=True)
    value = qUpperConfidenceBound(SurrogateModel(predictor), beta=1.0)(at)
    value.sum().backward()
    assert value.shape == (3,)
    assert at.grad is not None
    assert at.grad.abs().sum() > 0


@pytest.mark.gpu
def test_a_gpu_says_the_same() -> None:
    rows = _rows(30, seed=6)
    rows[0] = rows[0].model_copy(update={"value": 800.0, "censored": True})
    X = INPUTS.matrix(rows)
    found = []
    for device in ("cpu", "cuda"):
        predictor = EarlyLifePredictor(INPUTS, log=True, device=device)
        predictor.fit_rows(rows)
        again = EarlyLifePredictor.from_bytes(predictor.to_bytes(), device)
        parts = [*again.predict(rows), again.posterior(X).variance[:, 0]]
        found.append(torch.stack([part.cpu() for part in parts]))
    torch.testing.assert_close(*found)
