"""SEI growth by kinetic Monte Carlo; see `grow` and `SeiGrowthSimulator`."""
