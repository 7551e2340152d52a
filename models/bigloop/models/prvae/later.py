"""A regressor trained later, on the frozen means of a plain VAE: the ablation."""

from __future__ import annotations

import torch

from bigloop.models.prvae import loss
from bigloop.models.prvae.conditioning import encoded
from bigloop.models.prvae.data import batches
from bigloop.models.prvae.network import Network
from bigloop.models.prvae.tensors import Rows

_EPOCHS, _BATCH, _RATE, _PATIENCE = 200, 256, 1e-3, 20


def fit_heads(network: Network, train: Rows, validation: Rows, seed: int) -> None:
    """Train the regressors alone, with early stopping; the encoder stays as it is."""
    if not len(network.heads):
        return
    means = [encoded(network, rows.pictures) for rows in (train, validation)]
    optimizer = torch.optim.AdamW(network.heads.parameters(), lr=_RATE)
    generator = torch.Generator().manual_seed(seed)
    best, since, weights = float("inf"), 0, network.heads.state_dict()
    for _ in range(_EPOCHS):
        order = torch.randperm(len(train), generator=generator)
        for at in batches(len(train), _BATCH):
            rows = order[at].to(means[0].device)
            optimizer.zero_grad(set_to_none=True)
            loss.regression(
                *network.predict(means[0][rows]),
                train.properties[rows],
                train.has_properties[rows],
            ).backward()
            optimizer.step()
        with torch.no_grad():
            found = float(
                loss.half_squared_error(
                    network.predict(means[1])[0],
                    validation.properties,
                    validation.has_properties,
                )
            )
        since = 0 if found < best else since + 1
        if found < best:
            best = found
            weights = {k: v.clone() for k, v in network.heads.state_dict().items()}
        if since >= _PATIENCE:
            break
    network.heads.load_state_dict(weights)
