"""How manufacturing conditions and use become lengths and fractions.

Each law is a standard form with constants of the right order for the materials named;
none was fitted to a measured electrode. They give designs an effect of the right sign
and size, not the porosity of a certain press.

[Heckel1961] Heckel, Trans. Metall. Soc. AIME 221, 671 (1961).
[Burke1952] Burke, Turnbull, Prog. Met. Phys. 3, 220 (1952).
[Liu2012] Liu et al., ACS Nano 6, 1522 (2012): silicon below 150 nm does not crack.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

GAS = 8.314462618
DENSITY = {"silicon": 2.33, "electrolyte": 1.86, "carbon": 1.9}
"""[g/cm3]: silicon, Li6PS5Cl, carbon black."""
HECKEL_K = 0.0045
"""Of the electrolyte [1/MPa]: a third of the inverse of a yield strength of 74 MPa."""
HECKEL_A = 0.69
"""Powder is half void before pressing."""
EXPANSION = 2.8
"""Relative gain in volume of silicon that is lithiated to Li3.75Si."""
CRITICAL_UM = 0.15
"""Diameter below which silicon does not crack [Liu2012]_."""


def volume_fractions(mass: Mapping[str, float], porosity: float) -> dict[str, float]:
    """Fractions of the whole volume of the phases of a mixture, by their densities."""
    volumes = {phase: part / DENSITY[phase] for phase, part in mass.items()}
    solid = sum(volumes.values())
    return {phase: (1 - porosity) * v / solid for phase, v in volumes.items()}


def porosity(pressure_MPa: float, soft: float) -> float:
    """Void of a pressed powder: `ln(1 / porosity) = K P + A` [Heckel1961]_.

    Args:
        pressure_MPa: of the press.
        soft: volume share of electrolyte in the solids: it alone yields, so that `K` is
            taken in proportion (an assumption: hard particles only carry load).
    """
    return math.exp(-(HECKEL_K * soft * pressure_MPa + HECKEL_A))


def agglomerate_um(mixing_min: float) -> float:
    """Size of carbon agglomerates: from 3 to 0.3 um, breaking up in 20 min."""
    return 0.3 + 2.7 * math.exp(-mixing_min / 20)


def grain_nm(temperature_C: float, hours: float) -> float:
    """Grain size of LLZO: `G^3 - G0^3 = k t exp(-Q / R T)` [Burke1952]_.

    20 nm before sintering, Q = 350 kJ/mol, 60 nm after an hour at 900 °C.
    """
    return float(np.cbrt(20.0**3 + 8e20 * hours * _arrhenius(350e3, temperature_C)))


def layer_nm(temperature_C: float, hours: float, coating_nm: float) -> float:
    """Thickness of the reaction layer: `d^2 = k t exp(-E / R T)`, growth by diffusion.

    30 nm after an hour at 700 °C without a coating, E = 180 kJ/mol. A coating of 5 nm
    halves the rate constant (an assumption).
    """
    scale = 30.0**2 / _arrhenius(180e3, 700.0)
    rate = scale * _arrhenius(180e3, temperature_C) / (1 + coating_nm / 5)
    return math.sqrt(rate * hours)


def sintered_porosity(temperature_C: float, hours: float) -> float:
    """From 0.35 to 0.02 at 1 per hour at 800 °C, 300 kJ/mol (an assumption)."""
    rate = _arrhenius(300e3, temperature_C) / _arrhenius(300e3, 800.0)
    return 0.02 + 0.33 * math.exp(-rate * hours)


def _arrhenius(energy: float, temperature_C: float) -> float:
    return math.exp(-energy / (GAS * (temperature_C + 273.15)))


def cracked(cycles: float, utilisation: float) -> float:
    """Part of the fragments' borders in silicon that are open: `1 - exp(-N / N_c)`.

    `N_c` is 100 cycles at full lithiation and goes with the inverse square of the
    utilisation, as the strain energy of a stroke (an assumption).
    """
    return 1 - math.exp(-cycles * utilisation**2 / 100)


def detached(cycles: float, utilisation: float, stack_MPa: float) -> float:
    """Part of the contact of silicon and electrolyte that is lost.

    `1 - exp(-N / N_d)` with 150 cycles at full lithiation and no stack pressure, which
    doubles for every 50 MPa (an assumption).
    """
    return 1 - math.exp(-cycles * utilisation / (150 * math.pow(2, stack_MPa / 50)))


def gap_um(diameter_um: float, utilisation: float) -> float:
    """Gap that a shrinking particle leaves: a tenth of the stroke of its radius.

    The rest is taken up by the electrolyte (an assumption).
    """
    stroke = float(np.cbrt(1 + EXPANSION * utilisation)) - 1
    return 0.1 * 0.5 * diameter_um * stroke


def layer_after_cycling_nm(start_nm: float, cycles: float) -> float:
    """Layer after use: `d^2 = d0^2 + k N`, from nothing 6 nm in 1,000 cycles."""
    return math.sqrt(start_nm**2 + 36.0 * cycles / 1000)


def contact_lost(cycles: float, stack_MPa: float) -> float:
    """Part of the contact of garnet and cathode that is lost: `1 - exp(-N / N_d)`.

    NMC breathes by 2 to 5 % only: `N_d` is 1,000 cycles without stack pressure, which
    doubles for every 50 MPa (an assumption).
    """
    return 1 - math.exp(-cycles / (1000 * math.pow(2, stack_MPa / 50)))
