"""The one adversarial training step.

Every way of training is this step: update the discriminator ``n_critic`` times, update the generator, let its moving
average follow, count the pictures. A subclass says what the two losses are; all else is a part that config plugs in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from impasto.base import distributed
from impasto.base.ranges import Count, NotNegative, Positive, Share
from impasto.base.schedules import Schedule, value_at
from impasto.base.spec import ImageSpec
from impasto.losses.adversarial import AdversarialLoss
from impasto.losses.penalties import DiscriminatorPass, Penalty
from impasto.models.diversity import Diversity
from impasto.models.ema import decay_over, follow
from impasto.models.optimisation import clip_weights, frozen, remember_rates, set_rates, size_of, split
from impasto.models.state import TrainingState
from impasto.models.tracker import Tracker

Batch = dict[str, Tensor]
OptimizerFactory = Callable[..., Optimizer]
Painted = TypeVar("Painted")


@runtime_checkable
class AdaptiveAugment(Protocol):
    """An augmentation that watches how sure the discriminator is."""

    def update(self, real_scores: Tensor, kimg: float) -> None:
        """Told of the scores of real pictures after every pass, without graph."""
        ...


class AdversarialModel(LightningModule):
    """A generator, a discriminator and the step that trains them against each other.

    Args:
        spec: shape and labels of the pictures.
        generator: the network that paints.
        discriminator: the network that judges; returns raw scores.
        loss: adversarial loss.
        penalties: by name; each added to the discriminator's loss when it is due.
        augment: what the discriminator sees of real and of generated pictures.
        optimizer_g: given parameters, makes the generator's optimiser.
        optimizer_d: likewise for the discriminator.
        lr_g: factor on the generator's learning rate, a number or a schedule over kimg.
        lr_d: likewise for the discriminator.
        beta2: second Adam coefficient of both, where it is scheduled.
        n_critic: updates of the discriminator for each one of the generator; each takes a batch of its own.
        accumulate: parts in which a batch is processed, to save memory.
        clip_grad: largest L2 norm of each network's gradient; none where null.
        clip_weights: largest absolute value of the discriminator's weights (Arjovsky et al. 2017); none where null.
        ema_half_life_kimg: half-life of the generator's moving average, a number or a schedule.
        ema_rampup: the half-life is at most this share of the pictures seen (Karras et al. 2020a); none where null.
        seed: of every random draw of training.
    """

    def __init__(
        self,
        *,
        spec: ImageSpec,
        generator: nn.Module,
        discriminator: nn.Module,
        loss: AdversarialLoss,
        penalties: Mapping[str, Penalty] | None = None,
        augment: nn.Module | None = None,
        optimizer_g: OptimizerFactory,
        optimizer_d: OptimizerFactory,
        lr_g: NotNegative | Schedule = 1.0,
        lr_d: NotNegative | Schedule = 1.0,
        beta2: Share | Schedule | None = None,
        n_critic: Count = 1,
        accumulate: Count = 1,
        clip_grad: Positive | None = None,
        clip_weights: Positive | None = None,
        ema_half_life_kimg: NotNegative | Schedule = 10.0,
        ema_rampup: Positive | None = 0.05,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.spec = spec
        self.generator, self.discriminator = generator, discriminator
        self.generator_ema = deepcopy(generator).eval().requires_grad_(False)
        self.loss = loss
        self.penalties = nn.ModuleDict(dict(penalties or {}))
        self.augment = augment if augment is not None else nn.Identity()
        self.factories = (optimizer_g, optimizer_d)
        self.lr_factors = (lr_g, lr_d)
        self.beta2 = beta2
        self.n_critic, self.accumulate = n_critic, accumulate
        self.clip_grad, self.clip_weights = clip_grad, clip_weights
        self.ema_half_life_kimg, self.ema_rampup = ema_half_life_kimg, ema_rampup
        self.state = TrainingState(seed=seed)
        self.tracker = Tracker()
        self.diversity = Diversity()
        self._painted: tuple[Batch, Any] | None = None
        self._share = 1.0  # of an update's batch that is being processed
        self.latest_losses: dict[str, float] = {}
        self.latest_metrics: dict[str, float] = {}
        self.main_metric: str | None = None
        self.comparability: dict[str, dict[str, Any]] = {}
        self.interrupted = False

    # What a way of training says ------------------------------------------------------------------------------------

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """Loss of one update of the discriminator on a batch: scalar."""
        raise NotImplementedError

    def generator_loss(self, batch: Batch) -> Tensor:
        """Loss of one update of the generator on a batch: scalar."""
        raise NotImplementedError

    def generator_parameters(self) -> Iterator[nn.Parameter]:
        """What the generator's optimiser moves; a way of training with helper networks adds theirs."""
        return self.generator.parameters()

    def preview(self, batch: Batch | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """Pictures to look at while training.

        Args:
            batch: what the data module sets aside for looking at, if anything.
            count: pictures; the model's own choice where null.
            columns: pictures in a row; the model's own choice where null.

        Returns:
            ((N, C, H, W) in [-1, 1], pictures in a row).
        """
        raise NotImplementedError

    def settle(self) -> None:
        """Make the generator's average fit for use; every process must call it before one of them paints or saves."""

    def interpolation(self) -> tuple[Tensor, int] | None:
        """A walk through latent space as for :meth:`preview`, where there is a latent space."""
        return None

    # The step -------------------------------------------------------------------------------------------------------

    @property
    def images_seen(self) -> int:
        """Real pictures shown to the discriminator so far, in all processes."""
        return self.state.images_seen

    @property
    def kimg(self) -> float:
        """The clock of schedules, in thousands of images."""
        return self.state.images_seen / 1000

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One update of the discriminator; at every ``n_critic``-th, one of the generator and of its average."""
        self.state.seed_step()
        optimizer_g, optimizer_d = cast(list[Any], self.optimizers())
        self.follow_schedules()
        self.update(optimizer_d, self.discriminator.parameters(), self.discriminator_loss, batch, "loss_d")
        if self.clip_weights is not None:
            clip_weights(self.discriminator, self.clip_weights)
        n = size_of(batch) * distributed.world_size()
        self.state.count(n)
        if self.state.d_updates % self.n_critic == 0:
            with frozen(self.discriminator):
                self.update(optimizer_g, self.generator_parameters(), self.generator_loss, batch, "loss_g")
            decay = decay_over(n * self.n_critic, self.ema_half_life_kimg, self.ema_rampup, self.images_seen)
            follow(self.generator_ema, self.generator, decay)

    def update(
        self,
        optimizer: Any,
        parameters: Iterator[nn.Parameter],
        loss: Callable[[Batch], Tensor],
        batch: Batch,
        name: str,
    ) -> None:
        """Move one optimiser a step down a loss over a batch, in ``accumulate`` parts."""
        optimizer.zero_grad(set_to_none=True)
        for part in split(batch, self.accumulate):
            self._share = size_of(part) / size_of(batch)
            value = loss(part)
            self.tracker.add(name, value)
            self.manual_backward(value * self._share)
        if self.clip_grad is not None:
            nn.utils.clip_grad_norm_(parameters, self.clip_grad, foreach=True)
        optimizer.step()

    def paint(self, batch: Batch, make: Callable[[], Painted]) -> Painted:
        """What the generator makes of a batch, for the discriminator's update.

        Where the generator's update comes next on this very batch, its graph is kept for :meth:`take_painted`: one
        forward pass serves both, as in the published code of CUT.
        """
        keep = self.n_critic == 1 and self.accumulate == 1
        with torch.set_grad_enabled(keep):
            painted = make()
        if not keep:
            # Autocast keeps the weights it has cast; older torch hands out those it cast without a graph to passes that
            # need one (pytorch#158232), and the generator would learn nothing.
            torch.clear_autocast_cache()
        self._painted = (batch, painted) if keep else None
        return painted

    def take_painted(self, batch: Batch, make: Callable[[], Painted]) -> Painted:
        """What :meth:`paint` has just made of this batch, or something new; for the generator's update."""
        kept, self._painted = self._painted, None
        return kept[1] if kept is not None and kept[0] is batch else make()

    def judge(self, real: Tensor, fake: Tensor, condition: Tensor | None = None) -> Tensor:
        """The discriminator's loss on real and generated pictures with the penalties that are due.

        Args:
            real: (N, C, H, W) in [-1, 1].
            fake: likewise, without graph.
            condition: labels (N,) or vectors (N, K) that go with both.
        """
        penalties = cast(Iterable[tuple[str, Penalty]], self.penalties.items())
        due = {name: p for name, p in penalties if self.state.d_updates % p.every == 0}
        self.diversity.add(real, fake, condition)
        # In float32 whatever a layer under autocast made of them: autocast is off where gradients are penalised.
        originals = real.detach().float(), fake.detach().float()
        differentiates = any(p.needs_input_grad for p in due.values())
        with self.single_precision(any(p.second_order for p in due.values())):
            if differentiates:
                originals = originals[0].requires_grad_(), originals[1].requires_grad_()
            real, fake = (self.augment(images).float() for images in originals)
            seen = DiscriminatorPass(
                discriminate=lambda images: self.discriminator(images, condition),
                real=real,
                fake=fake,
                real_scores=self.discriminator(real, condition),
                fake_scores=self.discriminator(fake, condition),
                original_real=originals[0],
                original_fake=originals[1],
                kimg=self.kimg,
                share=self._share,
            )
            total = self.loss.discriminator(seen.real_scores.float(), seen.fake_scores.float())
            for name, penalty in due.items():
                value = penalty(seen)
                self.tracker.add(f"penalty_{name}", value)
                total = total + penalty.every * self.state.factors["penalty"] * value
        self.tracker.add("score_real", seen.real_scores.mean())
        self.tracker.add("score_fake", seen.fake_scores.mean())
        if isinstance(self.augment, AdaptiveAugment):
            self.augment.update(seen.real_scores.detach(), self.kimg)
        return total

    def convince(self, fake: Tensor, real: Tensor | None = None, condition: Tensor | None = None) -> Tensor:
        """The generator's adversarial loss.

        Args:
            fake: (N, C, H, W) in [-1, 1], with graph.
            real: pictures to pair them with, where the loss asks for it.
            condition: as in :meth:`judge`.
        """
        scores = self.discriminator(self.augment(fake), condition).float()
        if not self.loss.uses_real or real is None:
            return self.loss.generator(scores, None)
        return self.loss.generator(scores, self.discriminator(self.augment(real), condition).float())

    @contextmanager
    def single_precision(self, wanted: bool) -> Iterator[None]:
        """For second derivatives: float32 throughout, and eager, as compiled graphs cannot be differentiated twice."""
        if wanted:
            with torch.autocast(self.device.type, enabled=False), torch.compiler.set_stance("force_eager"):
                yield
        else:
            yield

    # Optimisers, schedules, average ----------------------------------------------------------------------------------

    def configure_optimizers(self) -> Sequence[Optimizer]:
        """The generator's optimiser and the discriminator's."""
        make_g, make_d = self.factories
        optimizers = make_g(list(self.generator_parameters())), make_d(list(self.discriminator.parameters()))
        remember_rates(optimizers)
        return list(optimizers)

    def follow_schedules(self) -> None:
        """Set learning rates and beta2 for this step; pure functions of the clock, so that resuming needs no state."""
        optimizers = cast(list[Any], self.optimizers())
        for name, optimizer, schedule in zip(("lr_g", "lr_d"), optimizers, self.lr_factors, strict=True):
            factor = self.state.factors[name] * value_at(schedule, self.kimg)
            set_rates(optimizer, factor, self.beta2, self.kimg)

    def train(self, mode: bool = True) -> "AdversarialModel":
        """As in torch, but the average is never put into training mode."""
        super().train(mode)
        self.generator_ema.eval()
        return self

    def is_finite(self) -> bool:
        """Whether every weight is a number; waits for the device."""
        return bool(torch.stack([p.detach().float().abs().sum() for p in self.parameters()]).sum().isfinite())

    # Checkpoints ----------------------------------------------------------------------------------------------------

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the clock and the state of every random generator."""
        checkpoint.setdefault("impasto", {}).update(self.state.to_dict(), version=1, spec=self.spec.to_dict())

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Set the clock and the random generators."""
        self.state.load(checkpoint["impasto"])
