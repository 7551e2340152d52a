"""Predictors with honest uncertainty, their training and their promotion."""
