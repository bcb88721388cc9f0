"""Style codes on a map: principal components of the codes, with the pictures at their places."""

import base64
import io
from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

SIDE = 640
"""Pixels of the map."""
THUMB = 64
"""Pixels of a picture on it."""


def components(codes: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates (N, 2) of codes (N, D) along their two principal components, and the shares (2,) of the variance."""
    centred = (codes - codes.mean(0)).double()
    U, S, _ = torch.linalg.svd(centred, full_matrices=False)
    U, S = U[:, :2], S[:2]
    if len(S) < 2:
        U, S = torch.cat([U, torch.zeros_like(U)], 1)[:, :2], torch.cat([S, torch.zeros(1)])[:2]
    total = centred.square().sum().clamp_min(1e-12)
    return (U * S).float(), (S.square() / total).float()


def style_map(codes: Tensor, thumbnails: Sequence[Image.Image], names: Sequence[str]) -> str:
    """The map as SVG, in which every picture is embedded.

    Args:
        codes: (N, D).
        thumbnails: of the pictures, small.
        names: shown where the pointer rests.
    """
    import html

    at, share = components(codes)
    low, high = at.amin(0), at.amax(0)
    places = (at - low) / (high - low).clamp_min(1e-9) * (SIDE - THUMB)
    parts = [f'<svg viewBox="0 0 {SIDE} {SIDE + 20}" width="{SIDE}" role="img" aria-label="map of style codes">']
    for (x, y), picture, name in zip(places.tolist(), thumbnails, names, strict=True):
        small = picture.convert("RGB")
        small.thumbnail((THUMB, THUMB))
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=85)
        data = base64.b64encode(buffer.getvalue()).decode()
        parts.append(
            f'<image x="{x:.1f}" y="{y:.1f}" width="{small.width}" height="{small.height}" '
            f'href="data:image/jpeg;base64,{data}"><title>{html.escape(name)}</title></image>'
        )
    told = f"first component to the right, {100 * share[0]:.0f}% of the variance; second down, {100 * share[1]:.0f}%"
    return "".join([*parts, f'<text x="0" y="{SIDE + 14}">{told}</text></svg>'])
