"""The data of a run on sequences: named parts, each split and drawn by itself."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from impasto.base import distributed
from impasto.base.errors import UserError
from impasto.base.notices import notice
from impasto.base.parts import Parts, Refusal
from impasto.base.ranges import Count, Share
from impasto.base.spec import ImageSpec
from impasto.data.loading import make_loader
from impasto.data.packing.packed import write_csv
from impasto.data.sampler import BatchSampler, Draw
from impasto.data.split import places_held_out
from impasto.data.state import compare_states
from impasto.sequences.opening import OpenSequences, Sequences, too_few
from impasto.sequences.sampling import one_hot

PART = "sequence"
"""The part whose classes or properties networks are told."""
Split = Literal["train", "held_out"]


class SequenceDataModule(LightningDataModule):
    """Sequences in named parts: ``sequence``, or for example ``content`` and ``style``.

    Args:
        sequences: opens them, given ``where``: :class:`~impasto.sequences.opening.Sequences`, which are the part
            ``sequence``, or a mapping of them by part.
        parts: the names of the parts.
        tokens: how many tokens the alphabet is expected to have, by which networks are tried before data is read.
        length: tokens of a sequence, or the most of them.
        voices: of a sequence.
        limit: most sequences of each part, evenly spaced; None takes all.
        holdout: share of each class held back from training.
        balanced: draw each class equally often.
        told: what networks are told: ``auto`` takes what the sequences have, ``nothing`` leaves it out.
        batch_size: sequences of each part in a batch, over all processes.
        max_bad_share: share of files or records that cannot be used above which the run stops.
        seed: of the order of the sequences.
        **where: arguments of ``sequences``.

    Raises:
        UserError: a setting cannot work.
    """

    def __init__(
        self,
        *,
        sequences: OpenSequences,
        parts: tuple[str, ...] = (PART,),
        tokens: Count = 4,
        length: Count = 64,
        voices: Count = 1,
        limit: Count | None = None,
        holdout: Share = 0.1,
        balanced: bool = False,
        told: Literal["auto", "nothing"] = "auto",
        batch_size: Count = 64,
        max_bad_share: Share = 0.1,
        seed: int = 0,
        **where: Any,
    ) -> None:
        super().__init__()
        self.open_sequences, self.where = sequences, {**where, "length": length}
        self.parts, self.limit, self.holdout = tuple(parts), limit, holdout
        self.balanced, self.told, self.batch_size, self.seed = balanced, told, batch_size, seed
        self.max_bad_share = max_bad_share
        self.expected_spec = {name: ImageSpec(tokens, voices, length) for name in self.parts}
        self.start_batch = 0
        self.opened: dict[str, Sequences] = {}
        self.split_of: dict[str, dict[Split, Sequences]] = {}

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse what is for pictures alone."""
        network = next(iter(parts.generators.values()), None)
        if network is not None and not getattr(network, "gives_tokens", False):
            yield Refusal(
                f"This data holds sequences, and {type(network).__name__} paints pictures: set model=sequence."
            )
        if parts.augment is not None and not isinstance(parts.augment, torch.nn.Identity):
            yield Refusal("augment= changes pictures, and this data holds sequences: set augment=none.")
        if parts.privacy is not None:
            yield Refusal("privacy=dp is for pictures so far, and this data holds sequences: set privacy=none.")

    # Lightning's steps ----------------------------------------------------------------------------------------------

    def prepare_data(self) -> None:
        """Open and split the sequences.

        Raises:
            UserError: a part is missing, or too few can be used.
        """
        if self.opened:
            return
        opened = self.open_sequences(**self.where)
        by_part = {PART: opened} if isinstance(opened, Sequences) else dict(opened)
        if missing := [name for name in self.parts if name not in by_part]:
            raise UserError(f"data.parts names {missing[0]}, but the sequences come as {', '.join(by_part)}.")
        for name in self.parts:
            found = self._checked(by_part[name])
            self.opened[name], self.split_of[name] = found, self._split(found)

    def _checked(self, found: Sequences) -> Sequences:
        every = len(found) + len(found.bad)
        if len(found.bad) > self.max_bad_share * every:
            name, reason = found.bad[0]
            raise UserError(
                f"{len(found.bad)} of {every} sequences of {found.name} cannot be used, such as {name} ({reason}): "
                "mend them, or raise data.max_bad_share."
            )
        if left_out := found.known.get("left_out"):
            notice(
                f"data.left_out {found.name}",
                f"{left_out} of {len(found) + left_out} sequences of {found.name} have more tokens than data.length="
                f"{self.where['length']}, or rare ones, and are left out: raise data.length for the long ones.",
            )
        if len(found) < 2:
            raise too_few(len(found), found.name)
        if self.limit is not None and self.limit < len(found):
            found = found.subset(np.linspace(0, len(found) - 1, self.limit).round().astype(int))
        return found

    def _split(self, found: Sequences) -> dict[Split, Sequences]:
        held = np.zeros(len(found), bool)
        labels = np.zeros(len(found), np.int64) if found.labels is None else found.labels
        names = np.array(list(found.names), object)
        for label in np.unique(labels) if self.holdout else ():
            members = np.flatnonzero(labels == label)
            held[members[places_held_out(names[members], self.holdout)]] = True
        return {
            "train": found.subset(np.flatnonzero(~held)),
            "held_out": found.subset(np.flatnonzero(held if held.any() else ~held)),
        }

    def setup(self, stage: str | None = None) -> None:
        """Take the sequences."""
        self.prepare_data()

    def train_dataloader(self) -> DataLoader[Any]:
        """Endless batches of this process's share."""
        samplers = {
            name: BatchSampler(
                len(part),
                self.batch_size,
                seed=self.seed,
                labels=part.labels if self.balanced else None,
                start=self.start_batch,
                rank=distributed.rank(),
                world_size=distributed.world_size(),
                stream=number,
            )
            for number, (name, part) in enumerate(self.train.items())
        }
        return make_loader(TokenDataset(self), samplers, 0)

    def on_after_batch_transfer(self, batch: dict[str, dict[str, Tensor]], dataloader_idx: int) -> dict[str, Tensor]:
        """On the device: each part (N, V, voices, T), 0 or 1; ``label`` (N,) or ``condition`` (N, K) if any."""
        told = {key: part[key] for part in batch.values() for key in ("label", "condition") if key in part}
        return {name: one_hot(part["tokens"], self.opened[name].alphabet.size) for name, part in batch.items()} | told

    # For others -----------------------------------------------------------------------------------------------------

    @property
    def train(self) -> dict[str, Sequences]:
        """By part, the sequences to train on."""
        return {name: split["train"] for name, split in self.split_of.items()}

    def sequences(self, split: Split, part: str = PART) -> Sequences:
        """Those trained on, or held out; where none are held out, those trained on."""
        return self.split_of[part][split]

    @property
    def spec(self) -> dict[str, ImageSpec]:
        """By part, the shape of what networks see, and classes or the number of properties of ``sequence``."""
        return {name: self.spec_of(name, found) for name, found in self.opened.items()}

    def spec_of(self, name: str, found: Sequences) -> ImageSpec:
        """Of one part."""
        told = name == PART and self.told == "auto"
        vectors = found.properties if told else None
        return ImageSpec(
            found.alphabet.size,
            *found.shape,
            class_names=found.class_names if told and vectors is None else (),
            condition_dim=0 if vectors is None else vectors.shape[1],
            alphabet=found.alphabet,
        )

    def preview_batch(self, count: int | None = None) -> dict[str, Tensor]:
        """Some sequences of each part, and the properties of ``sequence`` as ``condition`` if there are any."""
        shown = {name: self.split_of[name]["held_out"] for name in self.parts}
        spaced = {
            name: np.linspace(0, len(s) - 1, min(count or 16, len(s))).round().astype(int) for name, s in shown.items()
        }
        batch = {
            name: one_hot(torch.from_numpy(part.tokens[spaced[name]]), part.alphabet.size)
            for name, part in shown.items()
        }
        if PART in shown and self.spec[PART].condition_dim:
            vectors = shown[PART].vectors
            assert vectors is not None
            batch["condition"] = torch.from_numpy(vectors[spaced[PART]])
        return batch

    def condition_vectors(self, count: int) -> Tensor | None:
        """Properties of sequences trained on, evenly spaced, as networks see them: (count or fewer, K); or None."""
        vectors = self.train[PART].vectors if PART in self.parts and self.told == "auto" else None
        if vectors is None:
            return None
        return torch.from_numpy(vectors[np.linspace(0, len(vectors) - 1, min(count, len(vectors))).round().astype(int)])

    def class_weights(self) -> list[int] | None:
        """How often each class comes in training; None without classes."""
        if PART not in self.parts or (labels := self.train[PART].labels) is None:
            return None
        counts = np.bincount(labels, minlength=len(self.opened[PART].class_names))
        return [1] * len(counts) if self.balanced else counts.tolist()

    def provenance(self) -> dict[str, Any]:
        """What was trained on, for the run's summary; plain values. A single part's record is not nested."""
        of_parts = {
            name: {
                "name": found.name,
                "origin": found.origin,
                "fingerprint": found.fingerprint,
                "count": len(self.split_of[name]["train"]),
                "bad": len(found.bad),
                "classes": list(found.class_names),
                "length": found.shape[1],
                "voices": found.shape[0],
                "tokens": list(found.alphabet.tokens),
                **found.known,
            }
            for name, found in self.opened.items()
        }
        shared = {"split": f"{self.holdout:g} of each class by name", "limit": self.limit, "told": self.told}
        return (next(iter(of_parts.values())) if len(of_parts) == 1 else of_parts) | shared

    def write_bad(self, run_dir: Path) -> None:
        """List in the run's folder what could not be used: ``bad_sequences.csv``."""
        if bad := [row for found in self.opened.values() for row in found.bad]:
            write_csv(run_dir / "bad_sequences.csv", bad)

    def state_dict(self) -> dict[str, Any]:
        """What identifies these sequences, for checkpoints."""
        found = list(self.opened.values())
        return {
            "pictures": [len(each) for each in found],
            "fingerprints": [each.fingerprint for each in found],
            "vectors": None,
            "classes": [list(each.class_names) for each in found],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Compare the sequences with those of the run that is resumed."""
        compare_states(self.state_dict(), state_dict)


class TokenDataset(Dataset[Any]):
    """Reads the batch of each draw at once."""

    def __init__(self, data: SequenceDataModule) -> None:
        self.data, self.train = data, data.train

    def __getitems__(self, draws: Mapping[str, Draw]) -> dict[str, dict[str, Tensor]]:
        """By part: tokens uint8 (N, voices, T); label (N,) or condition (N, K) of ``sequence`` if networks are told."""
        batch = {}
        for name, draw in draws.items():
            part, spec = self.train[name], self.data.spec[name]
            batch[name] = {"tokens": torch.from_numpy(part.tokens[draw.pictures])}
            if spec.num_classes and part.labels is not None:
                batch[name]["label"] = torch.from_numpy(part.labels[draw.pictures])
            if spec.condition_dim and (vectors := part.vectors) is not None:
                batch[name]["condition"] = torch.from_numpy(vectors[draw.pictures])
        return batch
