"""Content and style as a trained network sees them.

Content is compared place by place, style by the distribution of features over all places: Gram matrices (Gatys et al.
2016), means and deviations (Huang and Belongie 2017), or sliced Wasserstein distance along random directions (Heitz
et al. 2021 on features, Elnekave and Weiss 2022 on patches of pixels).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.errors import UserError
from impasto.base.parts import Parts, Refusal
from impasto.base.pixels import luma as luma_of
from impasto.base.ranges import NotNegative
from impasto.base.schedules import Schedule
from impasto.losses.terms.term import GeneratorPass, Term, given
from impasto.losses.terms.tone import chroma_distance, luma_distance
from impasto.networks.pretrained.chooser import LazyFeatureMaps


def gram(features: Tensor) -> Tensor:
    """Mean of the outer products of features over places: (N, C, H, W) to (N, C, C)."""
    flat = features.float().flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def gram_distance(painted: Tensor, style: Tensor) -> Tensor:
    """Squared difference of each painted picture's Gram matrix from the style pictures' mean, over the latter's square.

    Args:
        painted: (N, C, H, W).
        style: (M, C, h, w).
    """
    target = gram(style).mean(0, keepdim=True)
    return (gram(painted) - target).square().mean() / target.square().mean()


def mean_std_distance(painted: Tensor, style: Tensor) -> Tensor:
    """Squared differences of each painted picture's channel means and deviations from the style pictures' mean ones,
    over the mean square of the latter's features; shapes as for :func:`gram_distance`.
    """
    painted, style = painted.float(), style.float()
    scale = style.square().mean()
    means = painted.mean((2, 3)) - style.mean((0, 2, 3))
    deviations = painted.std((2, 3)) - style.std((2, 3)).mean(0)
    return (means.square().mean() + deviations.square().mean()) / scale


def sliced_distance(painted: Tensor, style: Tensor, directions: int = 64, places: int = 4096) -> Tensor:
    """Sliced Wasserstein-1 distance between the features at all places of all pictures, pooled, channels scaled alike.

    The order along each direction is the optimal transport (Bonneel et al. 2015). Draws directions and places.

    Args:
        painted: (N, C, H, W).
        style: (M, C, h, w).
        directions: drawn at random.
        places: drawn without repetition from each side, or all of a side that has fewer.
    """
    deviation = style.float().std((0, 2, 3)).clamp_min(1e-3)
    points = [f.float().movedim(1, -1).flatten(0, 2) / deviation for f in (painted, style)]
    count = min(places, *(len(p) for p in points))
    slices = F.normalize(torch.randn(painted.shape[1], directions, device=painted.device), dim=0)
    p, s = (_draw(x, count) @ slices for x in points)
    return (p.sort(0).values - s.sort(0).values).abs().mean()


def patch_distance(
    painted: Tensor, style: Tensor, size: int = 7, scales: Sequence[int] = (1, 2, 4), directions: int = 32
) -> Tensor:
    """Sliced Wasserstein-1 distance between patches of pixels, pooled over pictures (Elnekave and Weiss 2022).

    Args:
        painted: (N, C, H, W) in [-1, 1].
        style: (M, C, h, w) in [-1, 1].
        size: of the square patches in pixels.
        scales: pictures are made smaller by each of these factors, the results averaged; a scale at which no patch
            would fit is left out.
        directions: random unit filters for each scale.
    """
    total = [painted.new_zeros(())]
    for scale in scales:
        p, s = (F.avg_pool2d(x.float(), scale) if scale > 1 else x.float() for x in (painted, style))
        if min(*p.shape[-2:], *s.shape[-2:]) < size:
            continue
        filters = torch.randn(directions, p.shape[1], size, size, device=p.device)
        filters = filters / filters.flatten(1).norm(dim=1)[:, None, None, None]
        values = [F.conv2d(x, filters).movedim(1, -1).flatten(0, 2) for x in (p, s)]
        count = min(4096, *(len(v) for v in values))
        a, b = (_draw(v, count).sort(0).values for v in values)
        total.append((a - b).abs().mean())
    return torch.stack(total).sum() / max(len(total) - 1, 1)


def _draw(rows: Tensor, count: int) -> Tensor:
    return rows[torch.randperm(len(rows), device=rows.device)[:count]]


def content_distance(painted: Tensor, content: Tensor) -> Tensor:
    """L1 between features of the same places, each channel of each picture at mean 0 and deviation 1 first, so that
    colours and contrast may change: (N, C, H, W) both.
    """
    a, b = (F.instance_norm(f.float(), eps=1e-4) for f in (painted, content))
    return (a - b).abs().mean()


STATISTICS: Final[dict[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "gram": gram_distance,
    "mean_std": mean_std_distance,
    "sliced": sliced_distance,
}


class Perceptual(Term):
    """Content and style from one pass through the network; a part of weight 0 costs nothing.

    Args:
        weight: of all parts together.
        features: the network: auto, vgg19 or efficientnet_lite0; see
            :func:`~impasto.networks.pretrained.chooser.feature_maps`.
        content: weight of :func:`content_distance`, mean over ``content_layers``.
        against: picture that the content distance compares with: ``content``, or ``target`` of pairs.
        style: weights of statistics by name (gram, mean_std, sliced), each a mean over ``style_layers`` and ``scales``.
        patches: weight of :func:`patch_distance`.
        patches_in_colour: compare patches of the picture; else of its brightness alone.
        luma: weight of :func:`luma_distance`.
        chroma: weight of :func:`chroma_distance`.
        content_layers: of the network; None takes its default.
        style_layers: likewise.
        scales: factors by which pictures are made smaller before style is compared.
        patch_size: see :func:`patch_distance`.
        jitter: the network sees a window drawn at random, this many pixels smaller, so that the generator does not
            learn how the network treats borders.
    """

    def __init__(
        self,
        *,
        weight: NotNegative | Schedule = 1.0,
        features: str = "auto",
        content: float = 0.0,
        against: str = "content",
        style: dict[str, float] | None = None,
        patches: NotNegative = 0.0,
        patches_in_colour: bool = True,
        luma: float = 0.0,
        chroma: float = 0.0,
        content_layers: Sequence[int] | None = None,
        style_layers: Sequence[int] | None = None,
        scales: Sequence[int] = (1,),
        patch_size: int = 7,
        jitter: int = 32,
    ) -> None:
        super().__init__(weight)
        unknown = set(style or {}) - set(STATISTICS)
        if unknown:
            raise UserError(f"{', '.join(unknown)}: style statistics are {', '.join(STATISTICS)}.")
        if against not in ("content", "target"):
            raise UserError(f"against={against} is neither content nor target; give one of them.")
        self.against, self.needs = against, (against, "style")  # type: ignore[misc]
        self.scales, self.patch_size, self.jitter = tuple(scales), patch_size, jitter
        self.content, self.patches, self.luma, self.chroma = content, patches, luma, chroma
        self.patches_in_colour = patches_in_colour
        self.style = {name: weight for name, weight in (style or {}).items() if weight}
        self.chosen = content_layers, style_layers
        self.network = LazyFeatureMaps(features)

    def forward(self, p: GeneratorPass) -> dict[str, Tensor]:
        """The parts by name, each a scalar times its own weight."""
        kept = p.shown if self.against == "content" and p.shown is not None else given(p, self.against)
        with torch.autocast(p.painted.device.type, enabled=False):
            return self.parts(p.painted.float(), kept.float(), given(p, "style").float())

    def looks_through(self) -> set[str]:
        """The network, if a part that needs it has a weight."""
        return {self.network.on(torch.device("cpu")).name} if self.content or self.style else set()

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse pictures of which a content layer sees a single place: there is nothing left to compare."""
        size = getattr(parts.data, "image_size", None)
        if not self.content or size is None:
            return
        look = self.network.on(torch.device("cpu"))
        layers = tuple(self.chosen[0] or look.content_layers)
        (picture,) = window(self.jitter, torch.zeros(1, 3, *size))
        try:
            with torch.no_grad():
                places = [seen[0, 0].numel() for seen in look.maps(picture, layers)]
        except RuntimeError:  # a layer before them is larger than what it sees
            places = [0]
        if min(places) < 2:
            yield Refusal(
                f"{parts.key_of(self)} compares layers {list(layers)} of {look.name}, which see a single place of "
                f"pictures of {size[0]}x{size[1]}: choose earlier content_layers, or a larger data.image_size."
            )

    def parts(self, painted: Tensor, content: Tensor, style: Tensor) -> dict[str, Tensor]:
        """As :meth:`forward`, in float32: statistics are small differences of large sums.

        Args:
            painted: (N, C, H, W) in [-1, 1], with graph.
            content: (N, C, H, W), what it was painted from.
            style: (M, C, h, w), pictures in the style wanted.
        """
        terms: dict[str, Tensor] = {}
        if self.luma:
            terms["luma"] = self.luma * luma_distance(painted, content)
        if self.chroma:
            terms["chroma"] = self.chroma * chroma_distance(painted, content)
        if self.patches:
            compared = (painted, style) if self.patches_in_colour else (luma_of(painted), luma_of(style))
            terms["patches"] = self.patches * patch_distance(*compared, self.patch_size)
        if self.content or self.style:
            seen = window(self.jitter, painted, content, style)
            terms |= self.through_network(*seen)
        return terms

    def through_network(self, painted: Tensor, content: Tensor, style: Tensor) -> dict[str, Tensor]:
        """The parts that need the network."""
        look = self.network.on(painted.device)
        content_layers = tuple(self.chosen[0] or look.content_layers)
        style_layers = tuple(self.chosen[1] or look.style_layers)
        every = tuple(sorted({*content_layers, *style_layers} if self.style else content_layers))
        seen = dict(zip(every, look.maps(painted, every), strict=True))
        terms: dict[str, Tensor] = {}
        if self.content:
            with torch.no_grad():
                kept = look.maps(content, content_layers)
            distances = [content_distance(seen[n], k) for n, k in zip(sorted(content_layers), kept, strict=True)]
            terms["content"] = self.content * torch.stack(distances).mean()
        for scale in self.scales if self.style else ():
            views = [seen[n] for n in sorted(style_layers)]
            if scale != 1:
                views = look.maps(F.avg_pool2d(painted, scale), style_layers)
            with torch.no_grad():
                wanted = look.maps(F.avg_pool2d(style, scale) if scale != 1 else style, style_layers)
            for name, weight in self.style.items():
                distance = torch.stack([STATISTICS[name](v, w) for v, w in zip(views, wanted, strict=True)]).mean()
                terms[name] = terms.get(name, painted.new_zeros(())) + weight / len(self.scales) * distance
        return terms


def window(jitter: int, *pictures: Tensor) -> tuple[Tensor, ...]:
    """The same window of all pictures, smaller by ``jitter`` pixels (a quarter at most), at a place drawn at random."""
    height, width = (min(p.shape[side] for p in pictures) for side in (-2, -1))
    down, right = min(jitter, height // 4), min(jitter, width // 4)
    top, left = (int(torch.randint(room + 1, ())) for room in (down, right))
    return tuple(p[..., top : top + height - down, left : left + width - right] for p in pictures)
