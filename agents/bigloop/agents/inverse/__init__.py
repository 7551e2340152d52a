"""Inverse design: from target properties to barriers and a picture, then run."""
