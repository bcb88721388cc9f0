"""The one adversarial training step.

Every way of training is this step: paint once, update the discriminators ``n_critic`` times, update the generators,
let their moving averages follow, count the pictures. A subclass names its networks and says what is painted and what
the two losses are; everything else is a part that config plugs in.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from copy import deepcopy
from functools import partial
from typing import Any, ClassVar, Final, cast

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from impasto.base import distributed
from impasto.base.parts import Doubt, Parts, Refusal
from impasto.base.ranges import Count, NotNegative, Positive, Share
from impasto.base.schedules import Schedule, value_at
from impasto.base.spec import DataSpec
from impasto.losses.adversarial import AdversarialLoss
from impasto.losses.penalties import Penalty
from impasto.losses.terms.term import GeneratorPass, Term, add_terms
from impasto.models.adversary import UNCONDITIONED, Adversary, Conditioning
from impasto.models.checks import checked_with
from impasto.models.diversity import Diversity
from impasto.models.ema import decay_over, follow
from impasto.models.optimisation import (
    BatchPart,
    PrivateStep,
    clip_weights,
    frozen,
    remember_rates,
    set_rates,
    size_of,
    split,
)
from impasto.models.roles import Role, Side
from impasto.models.state import TrainingState
from impasto.models.tracker import Tracker
from impasto.networks.standing_statistics import running_norms, standing_statistics
from impasto.painters.checkpoints import FORMAT
from impasto.painters.painter import Painter

OptimizerFactory = Callable[..., Optimizer]
Batch = dict[str, Tensor]
"""Pictures in [-1, 1] by part of the data, with ``label`` or ``condition`` if the data has them."""
Painted = dict[str, Any]
"""What the generators made of a batch, by name."""
STANDING_BATCHES: Final = 16
"""Over which batch statistics are measured."""
STANDING_PICTURES: Final = 64
"""Of content, over which they are measured at least."""
SCORES: Final = {"real_scores", "fake_scores"}
"""What terms may need of the discriminators."""


class AdversarialModel(LightningModule):
    """Networks by name, and the step that trains them against each other.

    Args:
        spec: shape and labels of each part of the data.
        networks: by the names of :attr:`roles`.
        loss: adversarial loss.
        penalties: by name; each added to the discriminators' loss when it is due.
        terms: by name; each added to the generators' loss.
        augment: of the real and painted pictures that discriminators see; None disables it.
        optimizer_g: given parameters, makes the generators' optimiser.
        optimizer_d: likewise for the discriminators.
        adversarial: weight of the generators' adversarial loss, a number or a schedule; with a plain 0 the
            discriminators are not trained, and may be left out of the networks if no term needs their scores.
        lr_g: factor on the generators' learning rate, a number or a schedule over kimg.
        lr_d: likewise for the discriminators.
        beta2: second Adam coefficient of both, a number or a schedule; None leaves the optimisers' own.
        n_critic: updates of the discriminators for each one of the generators; each takes a batch of its own.
        accumulate: parts in which a batch is processed, to save memory.
        clip_grad: largest L2 norm of the gradient of each optimiser's networks; None disables it.
        clip_weights: largest absolute value of the discriminators' weights (Arjovsky et al. 2017); None disables it.
        joint_pass: discriminators judge real and painted pictures in one pass.
        ema_half_life_kimg: half-life of the generators' moving average, a number or a schedule.
        ema_rampup: the half-life is at most this share of the pictures seen (Karras et al. 2020a); None disables it.
        seed: of every random draw of training.
        privacy: makes the discriminator's updates differentially private; None leaves them as they are.

    Attributes:
        painters: by direction, the moving averages of what paints.
    """

    needs: ClassVar[tuple[str, ...]] = ("image",)
    """Parts of the data that it learns from."""
    roles: ClassVar[Mapping[str, Role]] = {"generator": Role("g", "image"), "discriminator": Role("d", "image")}
    """What each network does, by name."""
    offers: ClassVar[tuple[str, ...]] = ("real_scores", "fake_scores")
    """Fields of :class:`~impasto.losses.terms.term.GeneratorPass` that its terms may need."""
    paints_privately: ClassVar[bool] = False
    """Whether its generators can be trained without a look at the real pictures."""

    def __init__(
        self,
        *,
        spec: DataSpec,
        networks: Mapping[str, nn.Module],
        loss: AdversarialLoss,
        penalties: Mapping[str, Penalty] | None = None,
        terms: Mapping[str, Term] | None = None,
        augment: nn.Module | None = None,
        optimizer_g: OptimizerFactory,
        optimizer_d: OptimizerFactory,
        adversarial: NotNegative | Schedule = 1.0,
        lr_g: NotNegative | Schedule = 1.0,
        lr_d: NotNegative | Schedule = 1.0,
        beta2: Share | Schedule | None = None,
        n_critic: Count = 1,
        accumulate: Count = 1,
        clip_grad: Positive | None = None,
        clip_weights: Positive | None = None,
        joint_pass: bool = False,
        ema_half_life_kimg: NotNegative | Schedule = 10.0,
        ema_rampup: Positive | None = 0.05,
        seed: int = 0,
        privacy: PrivateStep | None = None,
    ) -> None:
        super().__init__()
        self.privacy = privacy
        self.automatic_optimization = False
        self.spec = spec
        self.networks = nn.ModuleDict(dict(networks))
        self.terms = nn.ModuleDict(dict(terms or {}))
        self.factories: dict[Side, OptimizerFactory] = {"g": optimizer_g, "d": optimizer_d}
        self.lr_factors: dict[Side, float | Schedule] = {"g": lr_g, "d": lr_d}
        self.adversarial, self.beta2 = adversarial, beta2
        self.n_critic, self.accumulate = n_critic, accumulate
        self.clip_grad, self.clip_weights = clip_grad, clip_weights
        self.ema_half_life_kimg, self.ema_rampup = ema_half_life_kimg, ema_rampup
        self.adversaries = nn.ModuleDict(
            {
                name: Adversary(loss, penalties or {}, augment, joint_pass, by_picture=privacy is not None)
                for name in self.names("d")
            }
        )
        # Painters of the networks in training: in a plain dict, as the networks are modules of this model already.
        self.live = self.make_painters()
        self.painters = nn.ModuleDict(
            {name: deepcopy(painter).eval().requires_grad_(False) for name, painter in self.live.items()}
        )
        self.attach_terms()
        self.state = TrainingState(seed=seed)
        self.tracker = Tracker()
        self.diversity = Diversity()
        self._settled_at: tuple[int, int] | None = None
        self.latest_losses: dict[str, float] = {}
        self.interrupted = False

    # What a way of training says ------------------------------------------------------------------------------------

    def make_painters(self) -> dict[str, Painter]:
        """Painters by direction, around the networks in training; the first is the main one."""
        raise NotImplementedError

    def paint(self, batch: BatchPart) -> Painted:
        """What the generators make of a batch, for both losses."""
        raise NotImplementedError

    def discriminator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """Loss of one update of the discriminators on a batch and what was made of it: scalar."""
        raise NotImplementedError

    def generator_loss(self, batch: BatchPart, painted: Painted) -> Tensor:
        """Loss of one update of the generators, likewise: scalar."""
        raise NotImplementedError

    def preview(self, batch: Batch | None, count: int | None, columns: int | None) -> tuple[Tensor, int]:
        """Pictures to look at while training.

        Args:
            batch: pictures that the data module sets aside for previews, if any.
            count: pictures; None leaves it to the model.
            columns: pictures in a row; None leaves it to the model.

        Returns:
            ((N, C, H, W) in [-1, 1], pictures in a row).
        """
        raise NotImplementedError

    def interpolation(self) -> tuple[Tensor, int] | None:
        """A walk through latent space, as :meth:`preview` returns pictures; None without a latent space."""
        return None

    def standing_runs(self, painter: Painter) -> Iterator[Callable[[], object]]:
        """Runs of a painter over which its batch statistics are measured; each paints one batch.

        Of a painter that takes content: batches of it, as training sees them and as large, since fewer pictures differ
        less from each other; the same every time. Without any, the statistics stay those that training has gathered.
        """
        data = getattr(self.trainer, "datamodule")  # noqa: B009
        batches = getattr(data, "first_batches", None)
        if painter.given_part is None or batches is None:
            return iter(())
        size = max(getattr(data, "batch_size", 4) // (distributed.world_size() * self.accumulate), 4)
        of_part = batches(painter.given_part, size, max(STANDING_PICTURES // size, 8))
        return (partial(painter, content=batch.to(painter.device)) for batch in of_part)

    def check_with(self, parts: Parts) -> Iterator[Refusal | Doubt]:
        """What other parts cannot be combined with this way of training."""
        yield from checked_with(self, parts)

    # Names ----------------------------------------------------------------------------------------------------------

    def names(self, side: Side) -> list[str]:
        """The networks that one optimiser moves, in the order of :attr:`roles`; there may be no discriminators."""
        return [name for name, role in self.roles.items() if role.optimizer == side and name in self.networks]

    @property
    def generator(self) -> nn.Module:
        """The network of that name."""
        return self.networks["generator"]

    @property
    def discriminator(self) -> nn.Module:
        """The network of that name."""
        return self.networks["discriminator"]

    def repainter(self, name: str) -> Painter:
        """A painter of content around one of the networks, for the parts of its role."""
        role = self.roles[name]
        assert role.given is not None
        gives, content = self.spec[role.part], self.spec[role.given]
        network = self.networks[name]
        return Painter(network, gives, ("content",), content, given_part=role.given, painted_part=role.part)

    @property
    def painter(self) -> Painter:
        """The main painter: the moving average of what is trained."""
        return cast(Painter, next(iter(self.painters.values())))

    def attach_terms(self) -> None:
        """Attach each term to the generators that it is computed for."""
        for term in self.terms.values():
            for name in self.names("g"):
                cast(Term, term).attach(name, self.networks[name])

    def parameters_of(self, side: Side) -> Iterator[nn.Parameter]:
        """Parameters that one optimiser moves: of its networks, and for the generators also of their terms."""
        for name in self.names(side):
            yield from self.networks[name].parameters()
        if side == "g":
            yield from self.terms.parameters()

    def on_train_start(self) -> None:
        """Note which pretrained networks the terms use: figures measured with the same ones prove nothing."""
        names = {name for term in self.terms.values() for name in looks_through(term)}
        for painter in cast(Mapping[str, Painter], self.painters).values():
            painter.trained_against = tuple(sorted(names))

    # The step -------------------------------------------------------------------------------------------------------

    @property
    def images_seen(self) -> int:
        """Real pictures shown to the discriminators so far, in all processes."""
        return self.state.images_seen

    @property
    def kimg(self) -> float:
        """The clock of schedules, in thousands of images."""
        return self.state.images_seen / 1000

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One update of the discriminators; at every ``n_critic``-th, one of the generators and of their averages.

        Where both updates see the same whole batch it is painted once, and the graph serves both, as in the published
        code of CUT and CycleGAN.
        """
        self.state.seed_step()
        optimizers = self.optimizers_by_side()
        self.follow_schedules(optimizers)
        shared = self.paint(BatchPart(batch)) if self.n_critic == 1 and self.accumulate == 1 else None
        if self.adversarial != 0:
            self.update(
                "d",
                optimizers["d"],
                batch,
                lambda part: self.discriminator_loss(part, shared or self.painted_alone(part)),
            )
            if self.clip_weights is not None:
                for name in self.names("d"):
                    clip_weights(self.networks[name], self.clip_weights)
        # How many came by chance is private; the clock counts how many come on average.
        n = size_of(batch) * distributed.world_size() if self.privacy is None else self.privacy.batch_size
        self.state.count(n)
        if self.state.d_updates % self.n_critic == 0:
            with frozen(*(self.networks[name] for name in self.names("d"))):
                self.update(
                    "g", optimizers["g"], batch, lambda part: self.generator_loss(part, shared or self.paint(part))
                )
            decay = decay_over(n * self.n_critic, self.ema_half_life_kimg, self.ema_rampup, self.images_seen)
            for name, painter in self.live.items():
                follow(self.painters[name], painter, decay)

    def update(self, side: Side, optimizer: Any, batch: Batch, loss: Callable[[BatchPart], Tensor]) -> None:
        """Move one optimiser a step down a loss over a batch, in ``accumulate`` parts."""
        privacy = self.privacy if side == "d" else None
        optimizer.zero_grad(set_to_none=True)
        for part in split(batch, self.accumulate):
            with privacy.watching() if privacy is not None else nullcontext():
                value = loss(part)
                self.tracker.add(f"loss_{side}", value)
                self.manual_backward(value * part.share)
        if privacy is not None:
            self.tracker.add("clipped", privacy.privatise())
        if self.clip_grad is not None:
            nn.utils.clip_grad_norm_(self.parameters_of(side), self.clip_grad, foreach=True)
        optimizer.step()

    def painted_alone(self, batch: BatchPart) -> Painted:
        """As :meth:`paint`, for the discriminators' update only."""
        with torch.no_grad():
            painted = self.paint(batch)
        # Autocast keeps the weights it has cast; older torch hands out those it cast without a graph to passes that
        # need one (pytorch#158232), and the generator would learn nothing.
        torch.clear_autocast_cache()
        return painted

    def discriminator_objective(
        self,
        batch: BatchPart,
        real: Tensor,
        fake: Tensor,
        conditioning: Conditioning = UNCONDITIONED,
        name: str | None = None,
        fake_conditioning: Conditioning | None = None,
    ) -> Tensor:
        """A discriminator's loss on real and painted pictures with the penalties that are due.

        Args:
            batch: that both are of, or a part of it.
            real: (N, C, H, W) in [-1, 1].
            fake: likewise; its graph is not followed.
            conditioning: what the discriminator is conditioned on.
            name: of the discriminator; None is the first.
            fake_conditioning: of the painted pictures, if it is another than that of the real ones.
        """
        first = self.names("d")[0]
        name = name or first
        main = name == first
        if main and self.privacy is None:  # by which the guard decides, so that private pictures would
            self.diversity.add(real, fake[: len(real)].detach(), conditioning.condition)
        return cast(Adversary, self.adversaries[name]).discriminator_loss(
            self.networks[name],
            real,
            fake,
            conditioning,
            updates=self.state.d_updates,
            kimg=self.kimg,
            share=batch.share,
            penalty_factor=self.state.factors["penalty"],
            tracker=self.tracker,
            prefix="" if main else f"{name}_",
            fake_conditioning=fake_conditioning,
        )

    def generator_objective(
        self,
        p: GeneratorPass,
        real: Tensor | None = None,
        conditioning: Conditioning = UNCONDITIONED,
        name: str | None = None,
    ) -> Tensor:
        """The generator's loss on what it painted: the adversarial one times its weight, and the terms.

        Args:
            p: what was painted, and what terms compare it with.
            real: real pictures, if the loss or a term needs them.
            conditioning: what the discriminator is conditioned on.
            name: of the discriminator; None is the first.
        """
        p.kimg = self.kimg
        p.name = next((known for known, network in self.networks.items() if network is p.generator), p.name)
        weight = value_at(self.adversarial, self.kimg)
        total = torch.zeros((), device=p.painted.device)
        needed = SCORES & {field for term in self.terms.values() for field in cast(Term, term).needs}
        if weight or needed:
            name = name or self.names("d")[0]
            compare = "real_scores" in needed
            adversary = cast(Adversary, self.adversaries[name])
            value, p.fake_scores, p.real_scores = adversary.generator_loss(
                self.networks[name], p.painted, real, conditioning, compare
            )
            total = weight * value
        total, values = add_terms(total, self.terms, p)
        for key, value in values.items():
            self.tracker.add(key if p.name == self.names("g")[0] else f"{p.name}_{key}", value)
        return total

    # Optimisers, schedules, average ----------------------------------------------------------------------------------

    def configure_optimizers(self) -> Sequence[Optimizer]:
        """The generators' optimiser and the discriminators', if there are any."""
        optimizers = [make(list(self.parameters_of(side))) for side, make in self.factories.items() if self.names(side)]
        remember_rates(optimizers)
        return optimizers

    def optimizers_by_side(self) -> dict[Side, Any]:
        """The optimisers as Lightning hands them out, which is one alone without its list."""
        found: Any = self.optimizers()
        sides = [side for side in self.factories if self.names(side)]
        return dict(zip(sides, found if isinstance(found, list) else [found], strict=True))

    def follow_schedules(self, optimizers: Mapping[Side, Any]) -> None:
        """Set learning rates and beta2 for this step; pure functions of the clock, so that resuming needs no state."""
        for side, optimizer in optimizers.items():
            factor = self.state.factors[f"lr_{side}"] * value_at(self.lr_factors[side], self.kimg)
            set_rates(optimizer, factor, self.beta2, self.kimg)

    def train(self, mode: bool = True) -> "AdversarialModel":
        """As in torch, but the averages are never put into training mode."""
        super().train(mode)
        self.painters.eval()
        return self

    def settle(self) -> None:
        """Prepare the averages for use: their batch statistics are measured anew, once after each update.

        Every process must call it before one of them paints or saves.
        """
        now = (self.state.attempt, self.state.d_updates)  # a roll-back comes to the same update with other weights
        if self._settled_at == now:
            return
        self._settled_at = now
        for painter in cast(Mapping[str, Painter], self.painters).values():
            if running_norms(painter):
                standing_statistics(painter, self.standing_runs(painter))

    def is_finite(self) -> bool:
        """Whether every weight is finite; waits for the device."""
        return bool(torch.stack([p.detach().float().abs().sum() for p in self.parameters()]).sum().isfinite())

    # Checkpoints ----------------------------------------------------------------------------------------------------

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the clock, the state of every random generator, and the records of the painters."""
        painters = cast(Mapping[str, Painter], self.painters)
        record = {name: {**painter.record(), "network": self.network_of(name)} for name, painter in painters.items()}
        spec = {part: held.to_dict() for part, held in self.spec.items()}
        checkpoint.setdefault("impasto", {}).update(self.state.to_dict(), version=FORMAT, spec=spec, painters=record)
        if self.privacy is not None:
            checkpoint["impasto"]["privacy"] = self.privacy.state_dict()

    def network_of(self, direction: str) -> str:
        """The name of a painter's network."""
        return next(name for name, known in self.networks.items() if known is self.live[direction].network)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Set the clock and the random generators."""
        self.state.load(checkpoint["impasto"])


def looks_through(term: nn.Module) -> set[str]:
    """Names of the pretrained networks that a term uses; none for a term that does not declare them."""
    names: Callable[[], set[str]] = getattr(term, "looks_through", set)
    return names()
