"""Deciding where one observable alone does not: several objectives, requirements."""
