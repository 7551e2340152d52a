"""Transport on images: every figure beside its target and a peer of the same run.

    python benchmarks/transport.py [--data FOLDER] [--quick]

Needs the peers (`pip install --group peers`). Times are processor time of one thread,
the least of several runs, with compiled code warm; `uptime` says how busy the machine
was. A figure that is missed is printed as missed.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage, stats
from transport_peers import (  # type: ignore[import-not-found]
    Image,
    by_pyamg,
    by_spsolve,
    by_taufactor,
)

from bigloop.simulators.microstructure import (
    Composite,
    CompositeDesign,
    chords,
    make_composite,
)
from bigloop.simulators.transport import (
    Conduction,
    conduct,
    conduct_continuum,
    tortuosity,
    walk,
)

DATA = Path(__file__).parents[2] / "shared" / "data"


def line(name: str, found: str, target: str, met: bool | None, note: str = "") -> None:
    verdict = {True: "met", False: "MISSED", None: ""}[met]
    print(f"{name:44} {found:>22} {target:>16} {verdict:7} {note}", flush=True)


def timed(run: Callable[[], object], repeats: int) -> float:
    """Least processor time of this thread [s]."""
    best = math.inf
    for _ in range(repeats):
        began = time.thread_time()
        run()
        best = min(best, time.thread_time() - began)
    return best


def blobs(shape: tuple[int, ...], part: float, length: float, seed: int) -> Image:
    """Gaussian noise of a length below its quantile: porous, random, isotropic."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    field = ndimage.gaussian_filter(noise, length, mode="wrap")
    found: Image = (field < np.quantile(field, part)).astype(np.uint8)
    return found


def verification() -> None:
    block = tortuosity(np.ones((20, 20, 20), dtype=int), 1).tortuosity
    line("uniform block, tau", f"{block:.9f}", "1", abs(block - 1) < 1e-5)
    layers = np.repeat(np.arange(4), [3, 5, 1, 6])[:, None] * np.ones((1, 9), dtype=int)
    sigma = {0: 1.0, 1: 1e-3, 2: 10.0, 3: 0.2}
    values = np.array([sigma[i] for i in layers[:, 0].tolist()])
    for name, axis, exact in (
        ("series", 0, 1 / np.mean(1 / values)),
        ("parallel", 1, np.mean(values)),
    ):
        found = conduct(layers, sigma, axis=axis, tolerance=1e-11).conductivity
        error = abs(found / exact - 1)
        line(
            f"laminate in {name}, relative error", f"{error:.1e}", "1e-9", error < 1e-9
        )
    strip = np.zeros((20, 21, 21), dtype=int)
    for i in range(20):
        strip[i, i : i + 2, i : i + 2] = 1
    tau = tortuosity(strip, 1).tortuosity
    theirs = strip.mean() / by_taufactor(strip)
    met = round(tau, 4) == 7.5167
    line("slanted strip, tau", f"{tau:.5f}", "7.51667", met, f"taufactor {theirs:.5f}")
    dead = np.zeros((10, 50, 50), dtype=int)
    dead[:8, 25, 25] = 1
    d_eff = tortuosity(dead, 1).conductivity
    line("dead end, D_eff", f"{d_eff:g}", "0", d_eff == 0)
    corners = tortuosity(np.indices((64, 64)).sum(axis=0) % 2, 1)
    line(
        "checkerboard percolates",
        str(corners.percolates),
        "False",
        not corners.percolates,
    )


def electrode(data: Path) -> None:
    import tifffile

    path = data / "electrode_taufactor" / "electrode_256_3phase.tif"
    if not path.is_file():
        print(f"electrode.tiff: no data at {path}; give --data")
        return
    image = tifffile.imread(path)
    for axis, name, target in ((0, "x", 2.0776), (1, "y", 2.0766)):
        began = time.thread_time()
        found = tortuosity(image, 0, axis=axis)
        spent = time.thread_time() - began
        error = found.tortuosity / target - 1
        note = f"{1e2 * error:+.3f} %, bound {found.error_bound:.0e}, {spent:.1f} s"
        ok = abs(error) < 1e-3
        line(
            f"electrode.tiff phase 0, tau along {name}",
            f"{found.tortuosity:.4f}",
            f"{target} +-0.1 %",
            ok,
            note,
        )


def dykhne(n_seeds: int) -> None:
    """Ratio to sqrt(s1 s2): geometric mean over seeds, interval of 95 % of it.

    Turning a square image and exchanging its phases inverts the ratio of a continuum,
    and both images are as likely: its logarithm has mean 0 at any size of the image.
    """
    n = 1024
    for kind, length in (("noise of 8 cells", 8.0), ("squares of 16 cells", 0.0)):
        for contrast in (2, 10, 100):
            logs = []
            for seed in range(n_seeds):
                if length:
                    image = blobs((n, n), 0.5, length, seed)
                else:
                    tiles = np.random.default_rng(seed).integers(0, 2, (n // 16,) * 2)
                    image = np.kron(tiles, np.ones((16, 16), dtype=int))
                found = conduct(image, {0: 1.0, 1: 1 / contrast}).conductivity
                logs.append(math.log(found * math.sqrt(contrast)))
            mean, sd = math.exp(np.mean(logs)), float(np.std(logs, ddof=1))
            half = stats.t.ppf(0.975, n_seeds - 1) * sd / math.sqrt(n_seeds)
            off = abs(mean - 1)
            met = off < 0.02 if off < 0.02 - half or off > 0.02 + half else None
            line(
                f"50/50, {kind}, contrast {contrast}",
                f"{mean:.4f} +- {half:.4f}",
                "1 +- 0.02",
                met,
                f"n = {n_seeds}, sd of one image {sd:.3f}"
                + (", the interval is too wide to tell" if met is None else ""),
            )


def bias() -> None:
    """What the cells do to a corner: the same 64 x 64 squares on finer grids."""
    tiles = np.random.default_rng(0).integers(0, 2, (64, 64))
    for contrast in (10, 100):
        row = []
        for edge in (1, 2, 4, 8, 16):
            image = np.kron(tiles, np.ones((edge, edge), dtype=int))
            found = conduct(image, {0: 1.0, 1: 1 / contrast}).conductivity
            row.append(f"{found * math.sqrt(contrast):.4f}")
        line(
            f"squares of 1, 2, 4, 8, 16 cells, contrast {contrast}",
            " ".join(row),
            "",
            None,
        )


def corners() -> None:
    """The same squares by `conduct_continuum`; and four that have an exact result."""
    tiles = np.random.default_rng(0).integers(0, 2, (64, 64))
    for contrast in (10, 100):
        row = []
        for edge in (1, 2, 4, 8):
            image = np.kron(tiles, np.ones((edge, edge), dtype=int))
            found = conduct_continuum(image, {0: 1.0, 1: 1 / contrast}).conductivity
            row.append(f"{found * math.sqrt(contrast):.4f}")
        line(f"  by conduct_continuum, contrast {contrast}", " ".join(row), "", None)
    block = np.zeros((4, 4), dtype=int)
    block[1:3, 1:3] = 1
    for s in (0.01, 100.0):
        exact = math.sqrt((1 + 3 * s) / (3 + s))
        error = conduct_continuum(block, {0: 1.0, 1: s}).conductivity / exact - 1
        plain = conduct(block, {0: 1.0, 1: s}).conductivity / exact - 1
        line(
            f"array of squares 1 : {s:g}, of 2 x 2 cells",
            f"{1e2 * error:+.4f} %",
            "exact (Obnosov)",
            None,
            f"conduct alone {1e2 * plain:+.2f} %",
        )


def continuum(n_seeds: int) -> None:
    """As `dykhne`, for squares of 1, 4 and 16 cells.

    The symmetry makes the mean right whatever the cells do; that the method is right is
    for `corners` to show.
    """
    for edge, contrast in itertools.product((1, 4, 16), (10, 100)):
        logs, spreads = [], []
        for seed in range(n_seeds):
            tiles = np.random.default_rng(seed).integers(0, 2, (1024 // edge,) * 2)
            image = np.kron(tiles, np.ones((edge, edge), dtype=int))
            found = conduct_continuum(image, {0: 1.0, 1: 1 / contrast})
            logs.append(math.log(found.conductivity * math.sqrt(contrast)))
            spreads.append(found.spread)
        mean, sd = math.exp(np.mean(logs)), float(np.std(logs, ddof=1))
        half = stats.t.ppf(0.975, n_seeds - 1) * sd / math.sqrt(n_seeds)
        off = abs(mean - 1)
        met = off < 0.02 if off < 0.02 - half or off > 0.02 + half else None
        line(
            f"squares of {edge} by conduct_continuum, {contrast}",
            f"{mean:.4f} +- {half:.4f}",
            "1 +- 0.02",
            met,
            f"n = {n_seeds}, sd of one image {sd:.3f}, spread {np.mean(spreads):.2f}"
            + (", the interval is too wide to tell" if met is None else ""),
        )


def cases() -> Iterator[tuple[str, Image, dict[int, float], float, bool]]:
    """Name, image, conductivities, target [s], binary."""
    pores = {0: 0.0, 1: 1.0}
    flat, deep = (300, 300), (128, 128, 128)
    yield "300x300, pores 0.7", blobs(flat, 0.7, 4, 1), pores, 0.015, True
    yield "300x300, pores 0.6", blobs(flat, 0.6, 4, 1), pores, 0.015, True
    noise = np.random.default_rng(0).integers(0, 2, flat)
    yield "300x300, white noise 1 : 10", noise, {0: 1.0, 1: 0.1}, 0.015, False
    yield (
        "300x300, two phases 1 : 1000",
        blobs(flat, 0.6, 4, 1),
        {0: 1e-3, 1: 1.0},
        0.015,
        False,
    )
    yield "128^3, pores 0.5", blobs(deep, 0.5, 3, 1), pores, 1.5, True
    yield (
        "128^3, two phases 1 : 1000",
        blobs(deep, 0.5, 3, 1),
        {0: 1e-3, 1: 1.0},
        1.5,
        False,
    )


def speed(quick: bool) -> None:
    for name, image, sigma, target, binary in cases():
        small = image.ndim == 2
        ours = timed(partial(conduct, image, sigma), 40 if small else 4)
        found: Conduction = conduct(image, sigma)
        scale, unit = (1e3, "ms") if small else (1.0, "s")
        line(
            name,
            f"{ours * scale:.1f} {unit}",
            f"{target * scale:g} {unit}",
            ours <= target,
            f"{found.iterations} iterations, error below {found.error_bound:.0e}",
        )
        peers: dict[str, Callable[[], float]] = {}
        if small:
            peers["spsolve"] = partial(by_spsolve, image, sigma)
        if small or not quick:
            peers["pyamg"] = partial(by_pyamg, image, sigma)
            if binary:
                peers["taufactor"] = partial(by_taufactor, image)
        for peer, run in peers.items():
            values: list[float] = []
            spent = timed(partial(_keep, run, values), 3 if small else 1)
            difference = 1e2 * (found.conductivity / values[-1] - 1)
            note = f"{spent / ours:.0f} times ours; ours {difference:+.4f} %"
            line(f"  {peer}", f"{spent * scale:.1f} {unit}", "", None, note)


def _keep(run: Callable[[], float], values: list[float]) -> None:
    values.append(run())


def walks(n: int) -> None:
    """Against the finite volumes: 40 images of 48 x 48, 10 of 24^3 cells."""
    z: list[float] = []
    spent, solved, refused = 0.0, 0.0, 0
    seed = 0
    while len(z) + refused < n:
        seed += 1
        shape, part = (
            ((48, 48), 0.7) if len(z) + refused < 0.8 * n else ((24,) * 3, 0.5)
        )
        image = blobs(shape, part, 2, seed)
        began = time.thread_time()
        exact = tortuosity(image, 1)
        solved += time.thread_time() - began
        if not exact.percolates:
            continue
        began = time.thread_time()
        found = walk(image, 1, walkers=2000, seed=seed)
        spent += time.thread_time() - began
        if found.reason:
            refused += 1
            continue
        sd = found.sd / found.tortuosity**2
        z.append((1 / found.tortuosity - 1 / exact.tortuosity) / sd)
    within = sum(abs(x) < 2 for x in z)
    p = stats.binomtest(within, len(z), 0.9545, alternative="less").pvalue
    line(
        "walks within 2 sigma of finite volumes",
        f"{within} of {len(z)}",
        "95 % of 50",
        p > 0.05,
        f"mean z {np.mean(z):+.2f}, sd {np.std(z):.2f}, {refused} not stationary; "
        f"{spent / n:.2f} s a walk, {solved / n:.3f} s a solve",
    )
    image = blobs((48, 48), 0.7, 2, 1)
    short = partial(walk, image, 1, walkers=100, steps=6400)
    ours, theirs = timed(short, 3), timed(partial(short, engine="pytrax"), 2)
    steps = 100 * 6400 * 1e-9
    line(
        "one step of a walker",
        f"{ours / steps:.1f} ns",
        "",
        None,
        f"pytrax {theirs / steps:.0f} ns",
    )


def descriptors() -> None:
    import porespy

    image = make_composite(CompositeDesign(), (256, 256), 0.1, seed=1).image
    inside = image == Composite.SILICON
    # porespy also drops the chords that lie in the outermost columns.
    ours = chords(image[:, 1:-1], Composite.SILICON, axis=0)
    theirs = porespy.filters.apply_chords(inside, axis=0, spacing=0, trim_edges=True)
    labels, n = ndimage.label(theirs, structure=[[0, 1, 0], [0, 1, 0], [0, 1, 0]])
    sizes = np.bincount(labels.ravel())[1:]
    same = n == len(ours) and sorted(sizes) == sorted(ours.astype(int).tolist())
    line(
        "chords of silicon, number and mean",
        f"{len(ours)}, {ours.mean():.3f}",
        "porespy",
        same,
        f"porespy {n}, {sizes.mean():.3f}",
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--quick", action="store_true", help="fewer seeds, fewer peers")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    print(f"load {load} on {os.cpu_count()} processors; one thread\n")
    line("figure", "found", "target", None, "note")
    verification()
    electrode(options.data)
    speed(options.quick)
    walks(50)
    descriptors()
    dykhne(5 if options.quick else 20)
    bias()
    corners()
    continuum(5 if options.quick else 20)
    print("\nload", *(f"{x:.1f}" for x in os.getloadavg()))


if __name__ == "__main__":
    main()
