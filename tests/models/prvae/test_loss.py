from __future__ import annotations

import torch

from bigloop.models.prvae import loss
from bigloop.models.prvae.pictures import drawn, most_likely, probabilities


def test_class_weights_have_mean_one_over_the_sites() -> None:
    counts = torch.tensor([820.0, 0.0, 100.0, 80.0])
    for exponent in (0.0, 0.5, 1.0):
        weights = loss.class_weights(counts, exponent)
        assert weights[1] == 0
        mean = (weights * counts).sum() / counts.sum()
        torch.testing.assert_close(mean, torch.tensor(1.0))
    flat = loss.class_weights(counts, 1.0) * counts
    torch.testing.assert_close(flat[[0, 2, 3]], flat[0].expand(3))


def test_kl_is_that_of_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(5, 3, generator=generator)
    log_variance = torch.randn(5, 3, generator=generator)
    encoded = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    unit = torch.distributions.Normal(0.0, 1.0)
    expected = torch.distributions.kl_divergence(encoded, unit).sum(1).mean()
    torch.testing.assert_close(loss.kl(mean, log_variance), expected)


def test_regression_is_blind_to_what_is_masked() -> None:
    mean, target = torch.zeros(2, 3, 2), torch.ones(3, 2)
    known = torch.tensor([[True, False], [True, True], [False, False]])
    wild = torch.where(known, target, 1e9)
    log_variance = torch.full((2, 3, 2), 0.3)
    expected = 0.5 * (0.3 + torch.tensor(-0.3).exp()) * torch.tensor(0.15).exp()
    found = loss.regression(mean, log_variance, wild, known)
    torch.testing.assert_close(found, expected)
    none = torch.zeros(3, 2, dtype=torch.bool)
    assert loss.regression(mean, log_variance, wild, none) == 0
    half = loss.half_squared_error(mean, wild, known)
    torch.testing.assert_close(half, torch.tensor(0.5))


def test_weights_of_the_loss_are_divided_out_of_the_probabilities() -> None:
    """The least weighted loss over sites with known frequencies gives them back."""
    truth = torch.tensor([0.7, 0.2, 0.1])
    pictures = torch.zeros(1, 10, 10, dtype=torch.uint8)
    pictures.view(-1)[:20], pictures.view(-1)[20:30] = 1, 2
    weights = loss.class_weights(truth, 0.5)
    logits = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.LBFGS([logits], max_iter=100)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        wide = logits[None, :, None, None].expand(1, 3, 10, 10)
        found = loss.reconstruction(wide, pictures, weights)
        found.backward()
        return found

    optimizer.step(closure)
    wide = logits.detach()[None, :, None, None]
    found = probabilities(wide, weights)[0, :, 0, 0]
    torch.testing.assert_close(found, truth, rtol=1e-3, atol=1e-4)


def test_drawn_pictures_have_the_expected_frequencies() -> None:
    """Of every class, within five deviations; solid sites stand together."""
    n, rows, columns = 200, 30, 20
    part = {0: 0.5, 4: 0.05, 5: 0.3, 7: 0.15}
    probability = torch.zeros(n, 8, rows, columns)
    for code, value in part.items():
        probability[:, code] = value
    found = drawn(probability, torch.Generator().manual_seed(3))[:, 1:-1]
    solid = ((found == 4) | (found == 7)).double()
    assert not (found == 4).any()
    for mask, expected in ((solid, 0.2), ((found == 5).double(), 0.3)):
        each = mask.mean((1, 2))
        assert abs(each.mean() - expected) < 5 * each.std() / n**0.5
    # Neighbours of a smoothed field are alike: exp(-1 / (4 length^2)) before the cut.
    pairs = (solid[:, :, 1:] * solid[:, :, :-1]).mean()
    assert pairs > 2 * 0.2**2
    ends = drawn(probability, torch.Generator().manual_seed(3))[:, [0, -1]]
    assert (ends == 0).all()
    assert (most_likely(probability) == 0).all()
