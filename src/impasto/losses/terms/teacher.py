"""Likeness to a target that another painter made of the same content, from one pass through a pretrained network."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.base.contrast import equal_contrast, normalised_luma
from impasto.base.ranges import Count, CountOrZero, NotNegative, Strength
from impasto.base.schedules import Schedule
from impasto.losses.terms.perceptual import gram, sliced_distance, window
from impasto.losses.terms.term import GeneratorPass, Term, given
from impasto.networks.pretrained.chooser import LazyFeatureMaps


class Teacher(Term):
    """Each painted picture against the target of its own; where the strokes lie exactly is left free.

    Where a target shows other content (:attr:`~impasto.losses.terms.term.GeneratorPass.paired`), only its statistics
    count, and structure is compared with the content, or with what the base of an adapter makes of it.

    Args:
        weight: of all parts together.
        features: the network, see :func:`~impasto.networks.pretrained.chooser.feature_maps`.
        tones: weight of the L1 distance of means over ``blur`` pixels.
        maps: weight of the L1 distance of the deeper feature maps, over their mean size.
        statistics: weight of :func:`statistics_distance`, mean over the layers.
        strokes: weight of :func:`statistics_distance` of brightness at equal contrast everywhere: strokes alone, which
            neither colours nor light can stand in for.
        sliced: weight of :func:`~impasto.losses.terms.perceptual.sliced_distance`, mean over the layers.
        pooled: statistics are of all pictures of the batch together, instead of each against its own target.
        structure: weight of the L1 distance of self-similarities of the deepest layer (Shechtman and Irani 2007; on
            deep features, Kolkin et al. 2019).
        base: share of the structure that is compared with what the base makes of the content, not with the content.
        blur: pixels.
        layers: of the network; None takes its style layers.
        jitter: the network sees a window drawn at random, this many pixels smaller: its strides then never lie on the
            painter's, which would let a weave of lines pass for detail.
    """

    needs = ("target",)

    def __init__(
        self,
        *,
        weight: NotNegative | Schedule = 1.0,
        features: str = "auto",
        tones: NotNegative = 4.0,
        maps: NotNegative = 1.0,
        statistics: NotNegative = 1.5,
        strokes: NotNegative = 0.0,
        sliced: NotNegative = 0.0,
        pooled: bool = False,
        structure: NotNegative = 4.0,
        base: Strength = 0.0,
        blur: Count = 8,
        layers: Sequence[int] | None = None,
        jitter: CountOrZero = 0,
    ) -> None:
        super().__init__(weight)
        self.layers, self.blur, self.jitter = layers, blur, jitter
        self.tones, self.maps, self.statistics, self.structure = tones, maps, statistics, structure
        self.strokes, self.sliced, self.pooled, self.base = strokes, sliced, pooled, base
        if base:
            self.needs = ("target", "unmoved")  # type: ignore[misc,assignment]
        self.network = LazyFeatureMaps(features)

    def forward(self, p: GeneratorPass) -> dict[str, Tensor]:
        """The parts by name, each a scalar times its own weight."""
        target = given(p, "target")
        paired = len(target) if p.paired is None else p.paired
        look = self.network.on(p.painted.device)
        layers = tuple(self.layers or look.style_layers)
        kept_of = self.kept_of(p) if paired < len(target) and self.structure else {}
        painted, wanted, *others = window(self.jitter, p.painted, target, *kept_of)
        painted_maps = [m.float() for m in look.maps(painted, layers)]
        with torch.no_grad():
            target_maps = [m.float() for m in look.maps(wanted, layers)]
            kept = similarities(target_maps[-1][:paired])
            if kept_of:
                shares = zip(kept_of.values(), others, strict=True)
                rest = [share * similarities(look.maps(of[paired:], layers)[-1].float()) for share, of in shares]
                kept = torch.cat([kept, torch.stack(rest).sum(0)])
        found = {}
        if self.tones and paired:
            a, b = (F.avg_pool2d(x[:paired].float(), self.blur) for x in (p.painted, target))
            found["tones"] = self.tones * (a - b).abs().mean()
        if self.maps and paired:
            pairs = [(a[:paired], b[:paired]) for a, b in zip(painted_maps[2:], target_maps[2:], strict=True)]
            found["maps"] = self.maps * mean([(a - b).abs().mean() / (b.abs().mean() + 1e-3) for a, b in pairs])
        if self.statistics:
            found["statistics"] = self.statistics * self.distance(painted_maps, target_maps)
        if self.strokes:
            seen = [
                [m.float() for m in look.maps(equal_contrast(normalised_luma(x)), layers)] for x in (painted, wanted)
            ]
            found["strokes"] = self.strokes * self.distance(*seen)
        if self.sliced:
            distances = [sliced_distance(a, b) for a, b in zip(painted_maps, target_maps, strict=True)]
            found["sliced"] = self.sliced * mean(distances)
        if self.structure:
            found["structure"] = self.structure * (similarities(painted_maps[-1]) - kept).abs().mean()
        return found

    def distance(self, painted: Sequence[Tensor], target: Sequence[Tensor]) -> Tensor:
        """Mean over the layers of the distance of statistics, a scalar."""
        pairs = [(pooled(a), pooled(b)) if self.pooled else (a, b) for a, b in zip(painted, target, strict=True)]
        return mean([statistics_distance(a, b) for a, b in pairs])

    def kept_of(self, p: GeneratorPass) -> dict[Tensor, float]:
        """Pictures whose structure is kept where targets show something else, with their shares."""
        shares = {"content": 1 - self.base, "unmoved": self.base}
        return {given(p, name): share for name, share in shares.items() if share}

    def looks_through(self) -> set[str]:
        """The network."""
        return {self.network.on(torch.device("cpu")).name}


def statistics_distance(painted: Tensor, target: Tensor) -> Tensor:
    """Distance of the means and covariances of features over places, of each picture to its own target's: scalar.

    Squared differences over the target's squares, so that layers count alike; (N, C, H, W) and (N, C, h, w).
    """
    means, covariances = zip(*(moments(f) for f in (painted, target)), strict=True)
    shift = (means[0] - means[1]).square().mean() / (means[1].square().mean() + 1e-4)
    spread = (covariances[0] - covariances[1]).square().sum((1, 2)) / (covariances[1].square().sum((1, 2)) + 1e-4)
    return shift + spread.mean()


def pooled(features: Tensor) -> Tensor:
    """The places of all pictures as those of one: (N, C, H, W) to (1, C, N * H, W)."""
    return features.transpose(0, 1).flatten(1, 2)[None]


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Means (N, C) and covariances (N, C, C) over places of (N, C, H, W)."""
    means = features.mean((2, 3))
    return means, gram(features - means[:, :, None, None])


def similarities(features: Tensor, most: int = 12) -> Tensor:
    """Cosine similarities of features between all places, of which there are at most ``most`` squared: (N, L, L)."""
    height, width = (min(side, most) for side in features.shape[2:])
    places = F.normalize(F.adaptive_avg_pool2d(features, (height, width)).flatten(2), dim=1)
    return places.transpose(1, 2) @ places


def mean(values: Sequence[Tensor]) -> Tensor:
    """Mean of scalars."""
    return torch.stack(list(values)).mean()
