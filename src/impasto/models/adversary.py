"""A discriminator with its augmentation, its penalties, and the losses computed from its scores."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn

from impasto.losses.adversarial import AdversarialLoss
from impasto.losses.penalties import DiscriminatorPass, Penalty
from impasto.models.tracker import Tracker
from impasto.networks.scores import Scores, over_maps


@runtime_checkable
class AdaptiveAugment(Protocol):
    """An augmentation whose strength follows the discriminator's scores."""

    def update(self, real_scores: Tensor, kimg: float) -> None:
        """Take the scores of real pictures, without graph, after every pass."""
        ...


@dataclass(frozen=True)
class Conditioning:
    """What a discriminator is conditioned on.

    Attributes:
        condition: labels (N,) or vectors (N, K); None for nothing.
        given: (N, C, H, W), pictures that they are conditioned on, such as the content of pix2pix; None for none.
    """

    condition: Tensor | None = None
    given: Tensor | None = None


UNCONDITIONED = Conditioning()


class Adversary(nn.Module):
    """The losses by one discriminator. Augmentation and penalties may have state, so each discriminator has its own.

    Args:
        loss: adversarial loss.
        penalties: by name.
        augment: of what the discriminator sees; None disables it.
        joint_pass: judge real and painted pictures in one pass, which is faster; not for a discriminator with batch
            normalisation, whose statistics would mix both.
        by_picture: gradients that come back to the discriminator are of the loss of each picture alone, not divided by
            their number; in one pass, for gradients that are clipped by picture.

    Attributes:
        order: how often a real picture scores above the painted one beside it; whoever looks at it starts it afresh.
    """

    def __init__(
        self,
        loss: AdversarialLoss,
        penalties: Mapping[str, Penalty],
        augment: nn.Module | None,
        joint_pass: bool = False,
        by_picture: bool = False,
    ) -> None:
        super().__init__()
        self.loss, self.joint_pass, self.by_picture = loss, joint_pass or by_picture, by_picture
        self.penalties = nn.ModuleDict(deepcopy(dict(penalties)))
        self.augment = deepcopy(augment) if augment is not None else nn.Identity()
        self.order = Tracker()

    def discriminator_loss(
        self,
        network: nn.Module,
        real: Tensor,
        fake: Tensor,
        conditioning: Conditioning = UNCONDITIONED,
        *,
        updates: int,
        kimg: float,
        share: float,
        penalty_factor: float,
        tracker: Tracker,
        prefix: str = "",
        fake_conditioning: Conditioning | None = None,
    ) -> Tensor:
        """The discriminator's loss with the penalties that are due: scalar.

        Args:
            network: the discriminator.
            real: (N, C, H, W) in [-1, 1].
            fake: likewise; its graph is not followed.
            conditioning: of both, or of the real pictures if there is ``fake_conditioning``.
            updates: of the discriminator so far, which decide what is due.
            kimg: the clock.
            share: of the update's batch that these pictures are.
            penalty_factor: on the penalties' weights.
            tracker: collects scores and penalties.
            prefix: of their names in the log.
            fake_conditioning: of the painted pictures; None takes ``conditioning``.
        """
        conditionings = conditioning, conditioning if fake_conditioning is None else fake_conditioning
        penalties = cast(Mapping[str, Penalty], self.penalties)
        due = {name: p for name, p in penalties.items() if updates % p.every == 0}
        # In float32 even if a layer ran under autocast, which is off while gradients are penalised.
        originals = real.detach().float(), fake.detach().float()
        with single_precision(real.device, any(p.second_order for p in due.values())):
            if any(p.needs_input_grad for p in due.values()):
                originals = originals[0].requires_grad_(), originals[1].requires_grad_()
            seen, shown = zip(*(self.seen(*pair) for pair in zip(originals, conditionings, strict=True)), strict=True)
            real_scores, fake_scores = self.score_both(network, seen, shown)
            if self.by_picture:
                real_scores, fake_scores = real_scores.undivided(), fake_scores.undivided()
            p = DiscriminatorPass(
                discriminate=lambda images: scores_of(network, images, shown[0]),
                real=seen[0],
                fake=seen[1],
                real_scores=real_scores,
                fake_scores=fake_scores,
                original_real=originals[0],
                original_fake=originals[1],
                kimg=kimg,
                share=share,
                discriminate_fake=lambda images: scores_of(network, images, shown[1]),
            )
            total = over_maps(self.loss.discriminator, real_scores.float(), fake_scores.float())
            for name, penalty in due.items():
                value = penalty(p)
                tracker.add(f"{prefix}penalty_{name}", value)
                if (strength := strength_of(penalty)) is not None:
                    tracker.add(f"{prefix}strength_{name}", strength)
                total = total + penalty.every * penalty_factor * value
        tracker.add(f"{prefix}score_real", real_scores.mean())
        tracker.add(f"{prefix}score_fake", fake_scores.mean())
        self.order.add("order", over_maps(right_order, real_scores.detach(), fake_scores.detach()))
        if isinstance(self.augment, AdaptiveAugment):
            self.augment.update(real_scores.flat().detach(), kimg)
        return total

    def score_both(
        self, network: nn.Module, seen: tuple[Tensor, ...], shown: tuple[Conditioning, ...]
    ) -> tuple[Scores, Scores]:
        """Scores of real and of painted pictures, in one pass or in two."""
        if not self.joint_pass:
            real, fake = (scores_of(network, x, t) for x, t in zip(seen, shown, strict=True))
            return real, fake
        conditions, givens = ([getattr(t, name) for t in shown] for name in ("condition", "given"))
        both = Conditioning(*(None if v[0] is None else torch.cat(v) for v in (conditions, givens)))
        return scores_of(network, torch.cat(seen), both).parted(len(seen[0]))

    def seen(self, images: Tensor, conditioning: Conditioning) -> tuple[Tensor, Conditioning]:
        """Pictures as the discriminator sees them; those they are conditioned on are augmented alike."""
        if conditioning.given is None or isinstance(self.augment, nn.Identity):
            return self.augment(images).float(), conditioning
        before = random_state(images.device)
        images = self.augment(images).float()
        after = random_state(images.device)
        set_random_state(images.device, before)
        given = self.augment(conditioning.given.detach().float()).float()
        set_random_state(images.device, after)
        return images, Conditioning(conditioning.condition, given)

    def generator_loss(
        self,
        network: nn.Module,
        fake: Tensor,
        real: Tensor | None = None,
        conditioning: Conditioning = UNCONDITIONED,
        compare: bool = False,
    ) -> tuple[Tensor, Scores, Scores | None]:
        """The generator's adversarial loss, and the scores that it is computed from.

        Args:
            network: the discriminator.
            fake: (N, C, H, W) in [-1, 1], with graph.
            real: real pictures, if the loss or a term needs them.
            conditioning: of both.
            compare: score also the real pictures, without graph and augmented in the same way, for feature matching.

        Returns:
            (scalar, scores of ``fake``, scores of ``real`` if they were needed).
        """
        before = random_state(fake.device) if compare else None
        scores = scores_of(network, *self.seen(fake, conditioning)).float()
        if self.loss.uses_real and real is not None:
            real_scores = scores_of(network, *self.seen(real, conditioning)).float()
            return over_maps(self.loss.generator, scores, real_scores), scores, real_scores
        compared: Scores | None = None
        if compare and real is not None and before is not None:
            after = random_state(fake.device)
            set_random_state(fake.device, before)
            with torch.no_grad():
                compared = scores_of(network, *self.seen(real, conditioning)).float()
            set_random_state(fake.device, after)
        return over_maps(lambda s: self.loss.generator(s, None), scores), scores, compared


def right_order(real: Tensor, fake: Tensor) -> Tensor:
    """Share of pairs in which the real picture scores higher: scalar; the larger side's last ones have no partner.

    Not a number if there is no real picture, as a private batch may have by a chance of 1e-14 or less.
    """
    n = min(len(real), len(fake))
    return (real[:n] > fake[:n]).float().mean()


def scores_of(network: nn.Module, images: Tensor, conditioning: Conditioning = UNCONDITIONED) -> Scores:
    """A discriminator's scores of pictures."""
    if conditioning.given is not None:
        return Scores.of(network(images, conditioning.condition, conditioning.given))
    return Scores.of(network(images, conditioning.condition))


def strength_of(penalty: nn.Module) -> Tensor | None:
    """What an adaptive penalty has adapted to: scalar; None for others."""
    return next((cast(Tensor, part.strength) for part in penalty.modules() if hasattr(part, "strength")), None)


@contextmanager
def single_precision(device: torch.device, wanted: bool) -> Iterator[None]:
    """For second derivatives: float32 throughout, and eager, as compiled graphs cannot be differentiated twice."""
    if wanted:
        with torch.autocast(device.type, enabled=False), torch.compiler.set_stance("force_eager"):
            yield
    else:
        yield


def random_state(device: torch.device) -> Tensor:
    """State of the generator that draws for a device."""
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def set_random_state(device: torch.device, state: Tensor) -> None:
    """The inverse of :func:`random_state`."""
    torch.cuda.set_rng_state(state, device) if device.type == "cuda" else torch.set_rng_state(state)
