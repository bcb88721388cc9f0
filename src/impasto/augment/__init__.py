"""Differentiable augmentation of what the discriminator sees, and its controller."""
