"""Differential privacy: gradients clipped by picture and noised, and the account of what they give away."""
