"""Degradations: how clean pictures are damaged on the fly, for models that learn to restore them."""
