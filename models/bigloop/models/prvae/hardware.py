"""What the device gives: precision, size of a batch, memory used."""

from __future__ import annotations

import resource
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch

from bigloop.contracts import SpecError
from bigloop.models.prvae.network import Network
from bigloop.models.prvae.tensors import Rows

_ON_CPU = 64
"""The paper's; on a CPU larger batches are not faster."""
_MOST = 512
"""Above it too few steps are left in an epoch of 7,000 pictures."""
_PART = 0.5
"""Of the free memory of a GPU."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """A CPU in single precision, or a CUDA device in mixed precision."""

    device: torch.device

    @classmethod
    def named(cls, name: str = "auto") -> Hardware:
        """By name; `auto` is the GPU when there is one.

        Raises:
            SpecError: there is no such device.
        """
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            device = torch.device(name)
        except RuntimeError:
            raise SpecError(f"device: {name!r}: give cpu, cuda or auto") from None
        if device.type == "cuda" and not torch.cuda.is_available():
            raise SpecError(f"device: {name!r}: no GPU answers here; give cpu or auto")
        return cls(device)

    @property
    def is_mixed(self) -> bool:
        """Whether it computes in half precision where that is safe."""
        return str(self.device.type) == "cuda"

    @property
    def _half(self) -> torch.dtype:
        if not self.is_mixed or torch.cuda.is_bf16_supported():
            return torch.bfloat16
        return torch.float16

    def autocast(self) -> AbstractContextManager[Any]:
        """Mixed precision inside the block; nothing on a CPU."""
        context: AbstractContextManager[Any] = torch.autocast(
            self.device.type, dtype=self._half, enabled=self.is_mixed
        )
        return context

    def scaler(self) -> Any:
        """Of the loss, for halves with a short exponent; else it does nothing."""
        is_needed = self._half is torch.float16
        return torch.amp.GradScaler(self.device.type, enabled=is_needed)

    def batch(self, network: Network, rows: Rows) -> int:
        """Pictures in one step: 64, or a power of two that half the free memory holds.

        At least eight steps are left in an epoch.
        """
        if not self.is_mixed:
            return min(_ON_CPU, len(rows))
        free, _ = torch.cuda.mem_get_info(self.device)
        network.eval()
        before = torch.cuda.memory_allocated(self.device)
        torch.cuda.reset_peak_memory_stats(self.device)
        tried = rows.take(slice(0, min(_ON_CPU, len(rows))))
        with self.autocast():
            mean, _ = network.encode(tried.pictures)
            logits = network.decode(mean, tried.barriers, tried.has_barriers)
        logits.square().mean().backward()
        network.zero_grad(set_to_none=True)
        peak = torch.cuda.max_memory_allocated(self.device) - before
        most = min(_MOST, len(rows) // 8, int(_PART * free * len(tried) / max(peak, 1)))
        return min(len(rows), max(2, 1 << max(1, most.bit_length() - 1)))

    def peak_memory_MiB(self) -> float:
        """Most memory so far: of the GPU, or of the process [MiB]."""
        if self.is_mixed:
            return float(torch.cuda.max_memory_allocated(self.device)) / 2**20
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(peak) / (2**20 if sys.platform == "darwin" else 2**10)
