"""Impasto learns an image style with adversarial training and paints other pictures in it."""

__version__ = "0.1.0"
