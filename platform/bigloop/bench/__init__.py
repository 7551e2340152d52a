"""Benchmarks: tables and functions whose answer is known, and methods at equal cost."""
