"""The source article's pair."""

import torch

from impasto.networks.article import ArticleDiscriminator, ArticleGenerator


def test_shapes_and_range() -> None:
    pictures = ArticleGenerator(1, 10, 7, latent_dim=4, widths=(6, 5, 4), dense=8)(torch.randn(3, 4))
    assert pictures.shape == (3, 1, 10, 7)
    assert pictures.abs().max() <= 1
    assert ArticleDiscriminator(1, 10, 7, widths=(4, 5, 6))(pictures).shape == (3,)


def test_pictures_are_float32_under_autocast() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert ArticleGenerator(1, 8, 8, latent_dim=4, widths=(4, 4), dense=8)(torch.randn(2, 4)).dtype == torch.float32
