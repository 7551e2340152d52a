"""Bragg diffraction: consistency, the real scan beside cohere, time per iteration.

Prints a table of each figure beside its target and its peer. The scan is that of
AdvancedPhotonSource/cohere-scripts (Staff20-1a_S0054, stored in 16 bits: its overflows
are restored from the totals that the beamline logged). The peer is the cohere toolkit
with the recipe that it ships for this scan; it wants an environment of its own:

    python -m venv COHERE && COHERE/bin/pip install cohere-core==4.5.4
    OMP_NUM_THREADS=1 python benchmarks/diffraction.py --cohere COHERE/bin/python

Without `--cohere` the same recipe is run by our code (`PUBLISHED`), and it says so.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from bigloop.simulators.diffraction import (
    PUBLISHED,
    Detector,
    Grid,
    Growth,
    Prepared,
    Settings,
    align,
    correlation,
    diffract,
    far_field,
    grow,
    object_of,
    phase,
    prepare,
    restore_counts,
)
from bigloop.simulators.diffraction.alignment import relative_error
from bigloop.simulators.diffraction.checks import Floats
from bigloop.simulators.diffraction.fourier import near_field
from bigloop.simulators.diffraction.phasing import chi_square

ROOT = Path(__file__).resolve().parent.parent
SCAN = "bcdi_cohere_staff20"
CROPS = {"central": (64, 64, 64), "published": (144, 140, 140)}
Image = NDArray[np.complex128]


def row(figure: str, value: str, target: str = "", met: bool | None = None) -> None:
    verdict = {True: "met", False: "MISSED", None: ""}[met]
    print(f"{figure:58} {value:>26}  {target:14} {verdict}", flush=True)


def consistency() -> None:
    print("\nForward and inverse, noise-free; crystals with strain and a dislocation")
    for n in (32, 64):
        growth = Growth(size_nm=6.0 * n, strain_rms=5e-4, n_dislocations=1)
        rho = object_of(grow(growth, 1, Grid(shape=(n, n, n), voxel_nm=10.0)))
        for name, x in (
            ("numpy, double", rho),
            ("torch, double", torch.from_numpy(rho)),
            ("numpy, single", rho.astype("complex64")),
        ):
            back = np.asarray(near_field(far_field(x)))
            worst = float(np.linalg.norm(back - rho) / np.linalg.norm(rho))
            title = f"|inverse(forward(rho)) - rho| / |rho|, {2 * n}^3, {name}"
            row(title, f"{worst:.1e}", "<= 1e-6", worst <= 1e-6)


def inversion() -> None:
    print("\nNoise-free data and the true support: 300 HIO + 3000 ER, double, seed 0")
    settings = Settings(
        sequence="300*HIO+3000*ER", shrink_every=0, twin_at=-1, precision="double"
    )
    errors, chis = [], []
    for seed in range(5):
        growth = Growth(size_nm=100, strain_rms=5e-4, n_dislocations=seed % 2)
        rho = object_of(grow(growth, seed, Grid(shape=(16, 16, 16))))
        run = phase(np.abs(far_field(rho)), settings, support=np.abs(rho) > 0)
        found = align(run.object, rho, subvoxel=False, ramp=False)
        errors.append(relative_error(found, rho))
        chis.append(run.chi_square)
    title = "object, relative error: worst (median) of 5 crystals"
    row(
        title,
        f"{max(errors):.1e} ({np.median(errors):.1e})",
        "1e-6",
        max(errors) <= 1e-6,
    )
    row(
        "pattern, chi-square: worst (median)",
        f"{max(chis):.1e} ({np.median(chis):.1e})",
    )


def hot_pixels() -> None:
    print("\nHot pixels: 20 scans of 48 x 44 x 40, 1e3 to 1e7 photons")
    planted = found = wrong = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        crystal = grow(Growth(size_nm=110), seed, Grid(shape=(20, 20, 20)))
        hot = tuple((int(y), int(z)) for y, z in rng.integers(0, 40, (5, 2)))
        detector = Detector(hot=hot, hot_counts=float(10 ** rng.uniform(2, 6)))
        photons = float(10 ** rng.uniform(3, 7))
        counts = diffract(crystal, photons, seed, (48, 44, 40), detector)
        told = set(prepare(counts).hot)
        planted, found = planted + len(set(hot)), found + len(told & set(hot))
        wrong += len(told - set(hot))
    row("found, of those planted", f"{found} of {planted}", "all", found == planted)
    row("good pixels called hot", str(wrong), "0", wrong == 0)


def read_scan(folder: Path) -> tuple[Floats, Floats, Floats]:
    """Counts with overflows restored, dark and whitefield; what the log says."""
    stored = np.load(folder / "staff20_scans_uint16.npz")["Staff20_1a_S0054"]
    detector = np.load(folder / "detector_dark_whitefield.npz")
    lines = (folder / "spec_excerpt.txt").read_text().splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("#L"))
    names = lines[head][3:].split("  ")
    table = np.array(
        [list(map(float, x.split())) for x in lines[head + 1 :] if x and x[0] != "#"]
    )
    totals, maxima = (table[:, names.index(n)] for n in ("ImageTot", "ImageMax"))
    counts = restore_counts(stored, totals)
    hit = int((stored.max((1, 2)) != maxima).sum())
    same = int((counts.max((1, 2)) == maxima).sum())
    print("\nThe real scan")
    row("frames whose stored maximum is not the logged one", f"{hit} of {len(stored)}")
    row("frames whose restored maximum is the logged one", f"{same} of {len(stored)}")
    row("counts: stored, restored", f"{stored.sum():,}, {counts.sum():,}")
    y, z = stored.shape[1:]
    dark, white = (detector[n][:y, :z].astype(float) for n in ("dark", "whitefield"))
    return counts.astype(float), dark, white


def cohere(
    python: str, prepared: Prepared, n: int, sequence: str, library: str = "np"
) -> tuple[list[Image], Floats]:
    """Images and seconds of the peer; its transform is the conjugate of ours."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(source, amplitude=prepared.amplitude)
        script = str(Path(__file__).with_name("diffraction_peer.py"))
        call = [python, "-W", "ignore", script, str(source), str(target)]
        subprocess.run([*call, str(n), sequence, library], check=True)
        out = np.load(target)
        return [np.conj(i.astype(complex)) for i in out["images"]], out["seconds"]


def ours(prepared: Prepared, n: int, settings: Settings) -> tuple[list[Image], Floats]:
    runs = [
        phase(prepared.amplitude, settings, s, mask=prepared.mask) for s in range(n)
    ]
    if failed := [run.failure for run in runs if run.failure]:
        print(f"{len(failed)} of {n} starts failed: {failed[0]}")
    good = [run for run in runs if not run.failure]
    return [r.object for r in good], np.array([r.seconds for r in good])


def summary(
    name: str, prepared: Prepared, images: list[Image], seconds: Floats
) -> float:
    chis = np.array([chi_square(i, prepared.amplitude, prepared.mask) for i in images])
    filled = np.median([np.count_nonzero(i) for i in images])
    pairs = [
        correlation(align(a, b), b) for a, b in itertools.combinations(images, 2)
    ] or [np.nan]
    sd = chis.std(ddof=1) if len(chis) > 1 else np.nan
    print(
        f"{name:34} {chis.mean():.5f} +- {sd:.5f} {chis.min():.5f} {filled:8.0f} "
        f"{np.median(pairs):11.3f} {np.min(pairs):6.3f} {seconds.mean():8.1f}",
        flush=True,
    )
    return float(chis.mean())


def real_scan(data: Path, crop: str, n: int, python: str | None) -> None:
    counts, dark, white = read_scan(data / SCAN)
    prepared = prepare(
        counts, dark=dark, whitefield=white, threshold=2, shape=CROPS[crop]
    )
    row(
        "peak; hot pixels; voxels not measured",
        f"{prepared.peak}; {len(prepared.hot)}; {int((~prepared.mask).sum())}",
    )
    share = prepared.photons / counts.sum()
    print(f"\n{crop} crop {CROPS[crop]}: {100 * share:.0f} % of counts; {n} starts")
    print(
        f"{'':34} {'chi-square: mean +- sd':18}    best  support  correlation    "
        "min  s/start"
    )
    means = {}
    for name, settings in (
        ("ours", Settings()),
        ("published recipe, our code", PUBLISHED),
    ):
        means[name] = summary(name, prepared, *ours(prepared, n, settings))
    peer = "published recipe, our code"
    if python:
        peer = "published recipe, cohere 4.5.4"
        means[peer] = summary(
            peer, prepared, *cohere(python, prepared, n, PUBLISHED.sequence)
        )
    row(
        "mean chi-square, ours over peer",
        f"{means['ours']:.5f} / {means[peer]:.5f}",
        "<= peer",
        means["ours"] <= means[peer],
    )
    print(f"peer: {peer}")


def plain(amplitude: Floats, n: int) -> float:
    """Seconds per iteration of HIO and shrink-wrap as the textbook writes them."""
    rng = np.random.default_rng(0)
    a = np.fft.ifftshift(amplitude)
    rho = rng.random(a.shape) + 1j * rng.random(a.shape)
    began = time.perf_counter()
    for _ in range(n):
        smooth = gaussian_filter(np.abs(rho), 1.0)
        support = smooth >= 0.1 * smooth.max()
        field = scipy.fft.fftn(rho, workers=1)
        projected = scipy.fft.ifftn(a * np.exp(1j * np.angle(field)), workers=1)
        rho = np.where(support, projected, rho - 0.9 * projected)
    return (time.perf_counter() - began) / n


def speed(python: str | None) -> None:
    print("\nMilliseconds per HIO iteration with shrink-wrap at each, one thread")
    print(
        f"{'grid':8} {'single':>10} {'double':>10} {'plain numpy':>12} "
        f"{'cohere np':>10} {'cohere torch':>13}"
    )
    for n in (64, 96, 128):
        crystal = grow(Growth(size_nm=3.0 * n), 0, Grid(shape=(n // 2,) * 3))
        amplitude = np.sqrt(diffract(crystal, 1e7))
        prepared = prepare(amplitude**2)
        times = []
        for precision in ("single", "double"):
            settings = Settings(
                sequence="30*HIO", shrink_every=1, sigma_first=1.0, precision=precision
            )
            times.append(phase(amplitude, settings).seconds / 30)
        times.append(plain(amplitude, 10))
        for library in ("np", "torch"):
            found = np.nan
            if python:
                found = cohere(python, prepared, 1, "30*HIO", library)[1][0] / 30
            times.append(found)
        a, b, c, d, e = (1e3 * t for t in times)
        print(
            f"{n:3}^3    {a:10.0f} {b:10.0f} {c:12.0f} {d:10.0f} {e:13.0f}", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cohere", help="a Python that has cohere-core and torch")
    parser.add_argument("--crop", choices=CROPS, default="central")
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--only-scan", action="store_true")
    options = parser.parse_args()
    if not (options.data / SCAN).is_dir():
        sys.exit(f"no data at {options.data / SCAN}; give its parent folder by --data")
    torch.set_num_threads(1)
    if not options.only_scan:
        consistency()
        inversion()
        hot_pixels()
    real_scan(options.data, options.crop, options.starts, options.cohere)
    if not options.only_scan:
        speed(options.cohere)


if __name__ == "__main__":
    main()
