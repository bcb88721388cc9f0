"""LPIPS as a term: pictures that look alike to a network that was taught what people find alike."""

from collections.abc import Iterator

from torch import Tensor

from impasto.base.parts import Parts, Refusal
from impasto.base.ranges import NotNegative
from impasto.base.schedules import Schedule
from impasto.losses.terms.pixels import AgainstPicture
from impasto.networks.pretrained.lpips import LPIPS, Backbone, lpips_network


class LearnedSimilarity(AgainstPicture):
    """Mean learned perceptual distance (LPIPS, Zhang et al. 2018, version 0.1).

    Args:
        weight: of the term.
        against: ``target`` (of pairs) or ``content`` (what it was painted from).
        backbone: its network: alex, vgg or squeeze.

    Raises:
        UserError: an unknown backbone.
    """

    def __init__(
        self, weight: NotNegative | Schedule = 1.0, against: str = "target", backbone: Backbone = "vgg"
    ) -> None:
        super().__init__(weight, against)
        LPIPS.check(backbone)
        self.backbone: Backbone = backbone

    def distance(self, painted: Tensor, wanted: Tensor) -> Tensor:
        """Scalar."""
        found: Tensor = lpips_network(self.backbone).to(painted.device)(painted, wanted)
        return found.mean()

    def looks_through(self) -> set[str]:
        """The network."""
        return {f"lpips_{self.backbone}"}

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse to start where its weights cannot be had."""
        if not LPIPS.at_hand(self.backbone):
            yield Refusal(
                f"{parts.key_of(self)} looks through a network whose weights cannot be reached: "
                f"{LPIPS.how_to_have(self.backbone)}, or take term=perceptual, which has a stand-in."
            )
