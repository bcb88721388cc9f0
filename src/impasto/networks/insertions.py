"""Parts that are put into any network at places that it names: attention, a pyramid, blurs, dropout, a condition.

A network says where its feature maps are (:class:`~impasto.networks.places.HasPlaces`) and knows nothing of the parts.
Settings that its class does not take itself are taken here, when it is built; a class that has one of them as a
parameter, as some have ``attention`` or ``dropout``, keeps its own. Without parts a network stays as it is.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace as replaced
from typing import Any, Final, cast, get_args

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.networks.beside import Beside, told_apart
from impasto.networks.layers.attention import CrossAttention, SelfAttention
from impasto.networks.layers.blur import BlurAfter, BlurBefore
from impasto.networks.layers.condition import ConditionEmbedding, has_condition
from impasto.networks.layers.dropout import ChannelDropout
from impasto.networks.layers.ladder import nearest_levels
from impasto.networks.layers.linear import dense
from impasto.networks.layers.norm import ConditionalNorm
from impasto.networks.layers.pyramid import PyramidFusion, Remember
from impasto.networks.layers.tokens import LearnedTokens, PictureTokens, VectorTokens
from impasto.networks.layers.told import Told
from impasto.networks.part_settings import Modulation, PartSettings, Source
from impasto.networks.places import HasPlaces, HasResamplings, Place
from impasto.networks.scores import Scores

MEMORY: Final = 64
"""Length of the vectors that cross-attention looks at."""
LAST: Final = -1
"""Of the feature maps told, that which heads look at."""


def insert(
    network: nn.Module,
    settings: PartSettings,
    spec: ImageSpec,
    given: ImageSpec | None = None,
    spectral: bool = False,
    reference: ImageSpec | None = None,
    text: nn.Module | None = None,
) -> None:
    """Put parts into a network.

    Args:
        network: newly built.
        settings: what to put in.
        spec: of the pictures that it paints or judges.
        given: of the pictures that it repaints, or sees beside those that it judges; None for none.
        spectral: spectral norm on the parts.
        reference: of a second picture, which a generator is called with as ``given=``, or its vectors; None for none.
        text: what encodes the captions that it is told; None for data without captions.

    Raises:
        UserError: the network does not take one of the parts, or there is nothing for it.
    """
    wanted = [
        name for name in ("attention", "cross_attention", "pyramid", "antialias", "dropout") if settings.get(name)
    ]
    told_more = has_condition(spec.num_classes, spec.condition_dim, settings.get("conditioning", "none"), Modulation)
    wanted += ["conditioning"] if told_more else []
    wanted += ["tasks"] if settings.get("tasks") else []
    wanted += ["heads"] if made_of(settings.get("heads")) else []
    wanted += [] if text is None else ["captions"]
    if not wanted:
        return
    kind = type(network).__name__
    if not isinstance(network, HasPlaces):
        raise UserError(
            f"{kind} takes no {', '.join(wanted)}, as it names no places for them: leave them out, or choose a network "
            "of convolutions, such as impasto.networks.resnet.ResNetGenerator."
        )
    if isinstance(reach := getattr(network, "reach", None), int):
        network.reach = reach + farther(network, spec)  # type: ignore[assignment]
    if settings.get("antialias"):
        blur(network, kind)
    if wanted != ["antialias"]:
        Insertion(network, settings, spec, given, spectral, told_more, reference, text).put_in(network)


def made_of(heads: Mapping[str, Any] | None) -> dict[str, Callable[..., nn.Module]]:
    """The heads that are not set to null."""
    return {name: make for name, make in (heads or {}).items() if make is not None}


def farther(network: HasPlaces, spec: ImageSpec) -> int:
    """Pixels by which parts let a network reach farther, at most, given what tiles know of the whole picture.

    With s pixels to one of the smallest map: 2 s through bilinear enlarging and a 3x3 convolution, 2 s through blurs.
    """
    sides = [place.size[0] for place in network.places(spec.height, spec.width)]
    return 4 * -(-spec.height // min(sides))


def blur(network: nn.Module, kind: str) -> None:
    """Put blurs around all layers of a network that change the size."""
    if not isinstance(network, HasResamplings):
        raise UserError(f"{kind} takes no antialias, as it names no layers that resample: leave it out.")
    for layer in network.resamplings():
        old = network.get_submodule(layer.module)
        replace(network, layer.module, BlurAfter(old) if layer.grows else BlurBefore(old))


def replace(network: nn.Module, name: str, module: nn.Module) -> None:
    """Put a module in the place of another."""
    owner, _, last = name.rpartition(".")
    setattr(network.get_submodule(owner), last, module)


class Insertion(nn.Module):
    """All parts of one network, and what tells them of its input.

    Args:
        network: that they are for.
        settings: see :class:`~impasto.networks.part_settings.PartSettings`.
        spec: see :func:`insert`.
        given: likewise.
        spectral: likewise.
        conditional: whether a label or vector scales and shifts the channels.
        reference: see :func:`insert`.
        text: likewise.

    Attributes:
        tasks: names of what the network does, told which; none for one task.
        task: number of the one that all pictures are for; None lets pictures take tasks in turn.
        guidance: how far encoded captions are from that of no words: above 1 they are exaggerated.
    """

    def __init__(
        self,
        network: HasPlaces,
        settings: PartSettings,
        spec: ImageSpec,
        given: ImageSpec | None,
        spectral: bool,
        conditional: bool,
        reference: ImageSpec | None = None,
        text: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.told, self.text, self.guidance = Told(), text, 1.0
        self.told.spec = spec
        self.beside = Beside(spec, int(cast(int, text.width))) if text is not None and spec.beside else None
        self.kind, self.settings = type(network).__name__, settings
        self.takes = tuple(inspect.signature(cast(nn.Module, network).forward).parameters)
        self.names = (*self.takes, *(name for name in ("condition", "given") if name not in self.takes))
        self.latent_dim = int(getattr(network, "latent_dim", 0))
        self.list_of_places = network.places(spec.height, spec.width)
        width = settings.get("embedding", 128)
        self.conditional, self.reference = conditional, reference
        self.embed = ConditionEmbedding(spec.num_classes, spec.condition_dim, width) if conditional else None
        self.tasks, self.task = tuple(settings.get("tasks", ())), cast(int | None, None)
        if self.tasks and conditional:
            raise UserError(f"{self.kind} cannot be told a label and a task: leave tasks or conditioning out.")
        if self.tasks:
            self.embed = ConditionEmbedding(len(self.tasks), 0, width)
        self.source: Source | None = None
        self.tokens: nn.Module | None = None
        if settings.get("cross_attention"):
            self.source = self.chosen_source(spec, given)
            self.tokens = self.made_tokens(spec, reference or given, spectral)
        last, words = self.list_of_places[-1], 0 if text is None else int(cast(int, text.width))
        heads = made_of(settings.get("heads"))
        self.heads = nn.ModuleDict(
            {name: make(last.channels, last.size, words, self.told) for name, make in heads.items()}
        )
        self.parts = [self.parts_at(i, width, spectral) for i in range(len(self.list_of_places))]

    def chosen_source(self, spec: ImageSpec, given: ImageSpec | None) -> Source:
        """What cross-attention looks at.

        Raises:
            UserError: the network is not given that, or ``auto`` finds nothing.
        """
        sees = given is not None and ("given" in self.takes or not self.latent_dim) and not self.judges_alone()
        there: dict[str, bool] = {
            "words": self.text is not None,
            "latent": self.latent_dim > 0,
            "given": sees or self.reference is not None,
            "condition": spec.num_classes > 0 or spec.condition_dim > 0,
            "learned": True,
        }
        wanted = self.settings.get("cross_attention_to", "auto")
        if wanted not in get_args(Source):
            raise UserError(f"cross_attention_to={wanted} is not known: choose one of {', '.join(get_args(Source))}.")
        found = [name for name, is_there in there.items() if is_there]
        if wanted != "auto" and not there[wanted]:
            raise UserError(
                f"cross_attention_to={wanted}: {self.kind} is given no such thing here; choose {' or '.join(found)}."
            )
        if wanted == "auto" and found == ["learned"]:
            raise UserError(
                f"cross_attention: {self.kind} is given nothing here that it could attend to (noise, a picture beside, "
                "a label or vector): set cross_attention_to=learned, or use attention."
            )
        return cast(Source, found[0] if wanted == "auto" else wanted)

    def judges_alone(self) -> bool:
        """Whether the network takes a condition but no picture beside: a discriminator that sees one picture."""
        return "condition" in self.takes and "given" not in self.takes

    def made_tokens(self, spec: ImageSpec, given: ImageSpec | None, spectral: bool) -> nn.Module:
        """What makes vectors of the source."""
        if self.source == "given" and given is not None:
            return PictureTokens(given.channels, MEMORY, spectral)
        count = self.settings.get("cross_attention_vectors", 8)
        if self.source == "learned":
            return LearnedTokens(MEMORY, count)
        if self.source == "words":
            return dense(int(cast(Any, self.text).width), MEMORY, spectral=spectral)
        if self.source == "latent":
            return VectorTokens(self.latent_dim, MEMORY, count, spectral)
        embed = ConditionEmbedding(spec.num_classes, spec.condition_dim, MEMORY, spectral=spectral)
        return nn.Sequential(embed, VectorTokens(MEMORY, MEMORY, count, spectral))

    def parts_at(self, i: int, width: int, spectral: bool) -> list[nn.Module]:
        """The parts at one place, in the order in which a map passes them."""
        places, settings = self.list_of_places, self.settings
        channels = places[i].channels
        found: list[nn.Module] = []
        if dropout := settings.get("dropout"):
            found.append(ChannelDropout(dropout))
        if self.embed is not None:
            found.append(Modulate(channels, width, self.told, spectral))
        if i in last_nearest(places, settings.get("attention", ())):
            found.append(SelfAttention(channels, spectral))
        if i in last_nearest(places, settings.get("cross_attention", ())):
            found.append(CrossAttention(channels, MEMORY, self.told, spectral))
        if settings.get("pyramid"):
            last = i == len(places) - 1
            before = [place.channels for place in places[:-1]]
            found.append(PyramidFusion(before, channels, self.told, spectral) if last else Remember(i, self.told))
        if self.heads and i == len(places) - 1:
            found.append(Remember(LAST, self.told))
        return found

    def put_in(self, network: nn.Module) -> None:
        """Put the parts at their places, and be called before the network is."""
        for place, parts in zip(self.list_of_places, self.parts, strict=True):
            if parts:
                old = network.get_submodule(place.module)
                replace(network, place.module, nn.Sequential(*(*parts, old) if place.before else (old, *parts)))
        self.parts = []  # they are the network's own from now on
        network.insertion = self
        if self.conditional or self.source == "words":
            network.conditional = True  # type: ignore[assignment]
        network.register_forward_pre_hook(self.begin, with_kwargs=True)
        network.register_forward_hook(self.end)

    def begin(self, network: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """Tell the parts of the network's input; what it does not take itself is not passed on."""
        inputs = dict(zip(self.names, args, strict=False)) | kwargs
        if self.text is not None:
            inputs["condition"] = self.read(inputs.get("condition"))
        self.tell(inputs)
        given = [inputs[name] for name in self.names[: len(args)]]
        passed = {name: inputs[name] for name in kwargs if name in self.takes}
        return tuple(given[: len(self.takes)]), passed

    def read(self, captions: Tensor | None) -> Tensor:
        """Numbers of words (N, L), and what is told beside them, to sentences (N, W); the words are told.

        Raises:
            UserError: there are none.
        """
        if captions is None or captions.ndim != 2:
            raise UserError("This network was built for captions but got none; pass numbers of words (N, L).")
        told, encoder = self.told, cast(Any, self.text)
        captions, beside = (captions, {}) if self.beside is None else told_apart(cast(ImageSpec, told.spec), captions)
        encoded = encoder(captions)
        if self.beside is not None:
            encoded = replaced(encoded, sentence=self.beside(encoded.sentence, beside))
        if self.guidance != 1:
            nothing = encoder(torch.zeros_like(captions))
            encoded = replaced(
                encoded,
                sentence=torch.lerp(nothing.sentence, encoded.sentence, self.guidance),
                words=torch.lerp(nothing.words, encoded.words, self.guidance),
            )
        told.numbers, told.encoder, told.encoded = captions, encoder, encoded
        sentence: Tensor = told.encoded.sentence
        return sentence

    def tell(self, inputs: Mapping[str, Tensor | None]) -> None:
        """Tell the parts of an input by name of the argument."""
        self.told.labels = inputs.get("condition")
        condition = inputs.get("condition") if not self.tasks else self.tasks_of(inputs)
        self.told.condition = None if self.embed is None else self.embed(condition)
        if self.tokens is not None:
            seen = self.memory_of(inputs)
            made = self.source == "given" and seen is not None and seen.dim() == 3  # vectors in place of a picture
            self.told.memory = seen if made else self.tokens(seen)

    def tasks_of(self, inputs: Mapping[str, Tensor | None]) -> Tensor:
        """Numbers of tasks (N,) for an input: the one that is set for all pictures, else each in turn."""
        first = next(value for value in inputs.values() if value is not None)
        if self.task is not None:
            return torch.full((len(first),), self.task, device=first.device)
        return torch.arange(len(first), device=first.device) % len(self.tasks)

    def memory_of(self, inputs: Mapping[str, Tensor | None]) -> Tensor | None:
        """What cross-attention looks at, of the arguments.

        Raises:
            UserError: it is not there.
        """
        if self.source == "words":
            words: Tensor = self.told.encoded.words
            return words
        if self.source == "condition":
            return inputs.get("condition")
        second = inputs.get("given") if self.source == "given" else None
        if second is None and self.source == "given" and ("given" in self.takes or self.reference is not None):
            raise UserError(
                f"{self.kind} attends to the picture beside, and got none: pass given, or leave the part out."
            )
        return inputs[self.takes[0]] if second is None else second

    def end(self, network: nn.Module, args: object, output: Any) -> Scores | None:
        """Add what heads say to the scores, and forget the input."""
        scores = None
        if self.heads:
            said: dict[str, Tensor] = {}
            for head in self.heads.values():
                said |= head(self.told.maps[LAST])
            scores = replaced(Scores.of(output), heads=said)
        self.told.clear()
        return scores


class Modulate(nn.Module):
    """Channels scaled and shifted by the embedded condition (Perez et al. 2018)."""

    def __init__(self, channels: int, width: int, told: Told, spectral: bool) -> None:
        super().__init__()
        self.modulate, self.told = ConditionalNorm("none", channels, width, spectral), told

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        found: Tensor = self.modulate(x, self.told.condition)
        return found


def last_nearest(places: Sequence[Place], wanted: Sequence[int]) -> set[int]:
    """The places nearest to the wanted resolutions; of several of one size the last."""
    sizes = [place.size for place in places]
    return {max(j for j, size in enumerate(sizes) if size == sizes[i]) for i in nearest_levels(sizes, wanted)}
