"""The Bayesian model of interphases over their lives: learn, forecast, keep."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from bigloop.contracts import SpecError
from bigloop.models import artifact
from bigloop.models.interphase.calibration import Asked, Calibration, reach
from bigloop.models.interphase.draws import even
from bigloop.models.interphase.filtering import follow
from bigloop.models.interphase.fitting import Recipe, Watch, fit
from bigloop.models.interphase.forecast import Forecast
from bigloop.models.interphase.layout import Layout
from bigloop.models.interphase.network import Sizes
from bigloop.models.interphase.records import Records
from bigloop.models.interphase.rolling import Network, roll
from bigloop.models.interphase.scaling import Scaling

_MODEL = "interphase-rnn"
_CHUNK = 64
_CUTS = (0.0, 0.25, 0.5, 0.75)
"""Shares of their ages up to which interphases are known when spreads are set right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fitted:
    scaling: Scaling
    network: Network
    calibration: Calibration | None = None


class InterphaseRNN:
    """An ensemble of stochastic recurrent networks over the life of an interphase.

    It learns from histories with gaps, of unequal length, at irregular ages, by
    several sources, each with a noise of its own that depends on age; it forecasts
    under whatever conditions are planned, from the configuration alone or from
    whatever has been measured so far. See `network.StateSpace` for the equations.

    Examples:
        >>> from bigloop.models.interphase import Channel
        >>> layout = Layout(
        ...     observables={"thickness_nm": "increasing"},
        ...     channels=(Channel(source="afm", observable="thickness_nm"),),
        ... )
        >>> InterphaseRNN(layout).layout.rising
        ['thickness_nm']
    """

    def __init__(
        self,
        layout: Layout,
        sizes: Sizes | None = None,
        recipe: Recipe | None = None,
        *,
        least: int = 4,
        device: str = "cpu",
    ) -> None:
        """Nothing is learned yet.

        Args:
            layout: names and kinds of everything.
            sizes: of the network.
            recipe: of the training.
            least: interphases with a reading that are needed to learn.
            device: where tensors live.
        """
        self.layout = layout
        self.sizes, self.recipe = sizes or Sizes(), recipe or Recipe()
        self.least, self.device = least, device
        self._fitted: _Fitted | None = None

    def fit(self, records: Records, watch: Watch | None = None) -> None:
        """Learn from records, forgetting all before.

        When it fails, what was learned before stays.

        Args:
            records: histories, or what is known of them.
            watch: told of every step; it may end the training early.

        Raises:
            SpecError: too few interphases with a reading, something that is not
                finite, an observable that is constant or has no exact value.
            DivergenceError: the loss became infinite.
        """
        records.check(self.layout)
        told = records.mask.sum((1, 2)) > 0
        if int(told.sum()) < self.least:
            raise SpecError(
                f"records: {int(told.sum())} interphase(s) with a reading; "
                f"{self.least} are needed"
            )
        records = records[told].to("cpu", torch.double)
        scaling = Scaling.of(self.layout, records)
        scaled = scaling(records).to(self.device)
        scaling = scaling.to(self.device)
        network = fit(
            self.layout,
            scaled,
            scaling.places,
            self.sizes,
            self.recipe,
            self.device,
            watch,
        )
        self._fitted = _Fitted(scaling=scaling, network=network)

    def forecast(
        self, records: Records, lives: int = 64, seed: int = 0, *, filtered: bool = True
    ) -> Forecast:
        """At the ages and under the conditions of `records`, given their readings.

        Records without readings are forecast from their configuration. A plan that
        differs from what was done is a counterfactual: give its conditions.

        Args:
            records: what is known; ages without readings are what is asked for.
            lives: drawn of each interphase by each member, best a power of two.
            seed: of the draws, which are the same for every interphase: differences
                between two of them, or between two plans, are not blurred by chance.
            filtered: whether lives are weighed by the readings.

        Raises:
            SpecError: nothing has been learned, or the records do not fit.
        """
        records.check(self.layout)
        state = self._state
        scaled = state.scaling(records.to(self.device))
        levels = self._levels(scaled, lives, seed, filtered)
        if state.calibration is not None:
            levels = state.calibration(self.layout, levels, reach(scaled))
        sigma = state.network.space.sigma(scaled.ages)
        shift, spread = state.scaling.observables[:, state.scaling.places]
        return Forecast(
            layout=self.layout,
            ages=records.ages,
            levels=levels * spread + shift,
            sigma=sigma * spread,
        )

    def calibrate(self, records: Records, lives: int = 64, seed: int = 0) -> None:
        """Set the spread of forecasts right by interphases that were not learned from.

        Each is forecast from its configuration and from its readings up to a quarter,
        half and three quarters of its ages, and judged by the others; see
        `calibration.Calibration` for what is changed. Another `fit` forgets this.
        Coverage is then right over interphases like these, within their own chance: of
        50 % it is known to some 5 points by 100 of them.

        Args:
            records: histories that were not given to `fit`.
            lives: drawn of each interphase by each member.
            seed: of the draws.

        Raises:
            SpecError: nothing has been learned, or there are too few interphases with a
                reading.
        """
        records.check(self.layout)
        state, told = self._state, records.mask.sum((1, 2)) > 0
        if int(told.sum()) < self.least:
            raise SpecError(
                f"records: {int(told.sum())} interphase(s) with a reading; "
                f"{self.least} that were not learned from are needed to calibrate"
            )
        scaled = state.scaling(records[told].to(self.device))
        ends = {round(share * scaled.ages.shape[1]) for share in _CUTS}
        asked = [self._asked(scaled, end, lives, seed) for end in sorted(ends)]
        made = Calibration.of(self.layout, asked)
        self._fitted = replace(state, calibration=made)

    @property
    def is_calibrated(self) -> bool:
        """Whether the spread of forecasts was set right after it had learned."""
        return self._state.calibration is not None

    def sigma(self, ages: Tensor) -> Tensor:
        """Learned standard deviation of the noise, `len(ages) x C`; mean of members."""
        state = self._state
        at = ages.to(state.scaling.age) / state.scaling.age
        found = state.network.space.sigma(at).square().mean(0).sqrt()
        return found * state.scaling.observables[1, state.scaling.places]

    @property
    def n_weights(self) -> int:
        """Weights of one member."""
        return sum(p[0].numel() for p in self._state.network.parameters())

    def to_bytes(self) -> bytes:
        """Weights and metadata as a safetensors file; equal knowledge, equal bytes."""
        state = self._state
        scaling = {
            f"scaling.{name}": getattr(state.scaling, name)
            for name in state.scaling.__dataclass_fields__
        }
        weights = {f"network.{k}": v for k, v in state.network.state_dict().items()}
        spreads = state.calibration
        own = {} if spreads is None else {"calibration.weights": spreads.weights}
        return artifact.pack(
            {**scaling, **weights, **own},
            {
                "model": _MODEL,
                "format": 1,
                "layout": [*self.layout.model_dump(mode="json").items()],
                "order": list(self.layout.observables),
                "sizes": self.sizes.model_dump(mode="json"),
                "recipe": self.recipe.model_dump(mode="json"),
                "least": self.least,
            },
        )

    @classmethod
    def from_bytes(cls, content: bytes, device: str = "cpu") -> Self:
        """The model that wrote the file, bit for bit on the same machine.

        Raises:
            SpecError: the bytes are no file of this model, or its weights are not those
                of the architecture that it names.
        """
        tensors, data = artifact.unpack(content, _MODEL)
        fields = dict(data["layout"])
        # JSON sorts keys; the order of the observables is that of the weights.
        kinds = fields["observables"]
        fields["observables"] = {name: kinds[name] for name in data["order"]}
        made = cls(
            Layout.model_validate(fields),
            Sizes.model_validate(data["sizes"]),
            Recipe.model_validate(data["recipe"]),
            least=data["least"],
            device=device,
        )
        groups: dict[str, dict[str, Tensor]] = {"scaling": {}, "network": {}}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            groups.setdefault(kind, {})[rest] = tensor.to(device)
        network = Network(made.layout, made.sizes).to(device)
        try:
            network.load_state_dict(groups["network"])
            scaling = Scaling(**groups["scaling"])
            own = groups.get("calibration")
            spreads = None if own is None else Calibration(**own)
        except (RuntimeError, TypeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise SpecError(
                f"the file's weights are of another architecture ({reason}); train the "
                "model again"
            ) from None
        made._fitted = _Fitted(
            scaling=scaling,
            network=network.requires_grad_(False),
            calibration=spreads,
        )
        return made

    @property
    def _state(self) -> _Fitted:
        if self._fitted is None:
            raise SpecError("nothing has been learned yet; call fit first")
        return self._fitted

    def _asked(self, scaled: Records, end: int, lives: int, seed: int) -> Asked:
        """Forecasts from the first `end` ages, and the readings after them."""
        later = torch.arange(scaled.ages.shape[1], device=scaled.ages.device) >= end
        known = scaled.mask * (~later)[:, None]
        given = replace(
            scaled,
            mask=known,
            values=scaled.values * known,
            censored=scaled.censored * known,
        )
        return Asked(
            levels=self._levels(given, lives, seed, filtered=True),
            sigma=self._state.network.space.sigma(scaled.ages),
            reach=reach(given),
            came=replace(scaled, mask=scaled.mask - known),
        )

    def _levels(self, scaled: Records, lives: int, seed: int, filtered: bool) -> Tensor:
        """Of each channel, `E x n x K x T x C`, scaled, as the network has them."""
        steps = scaled.ages.shape[1] + 1
        draws = even(lives, steps, self._state.network.space.n_draws, seed)
        draws = draws.to(scaled.ages)
        generator = torch.Generator().manual_seed(seed)
        lots = torch.rand(1, steps, generator=generator).to(scaled.ages)
        parts = [
            self._lives(scaled[slice(i, i + _CHUNK)], draws, lots, filtered)
            for i in range(0, max(len(scaled), 1), _CHUNK)
        ]
        return torch.cat(parts, 1)[..., self._state.scaling.places]

    def _lives(
        self, scaled: Records, draws: Tensor, lots: Tensor, filtered: bool
    ) -> Tensor:
        state, n = self._state, len(scaled)
        places = state.scaling.places
        draws = draws.expand(n, -1, -1, -1)
        if not bool(scaled.mask.any()):
            return roll(state.network, scaled, places, draws).levels
        if filtered:
            lots = lots.expand(n, -1)
            return follow(state.network, scaled, places, draws, lots).levels
        told = scaled.mask.amax(-1).flip(1).cummax(1).values.flip(1)
        return roll(
            state.network, scaled, places, draws, torch.cat([told[:, :1], told], 1)
        ).levels
