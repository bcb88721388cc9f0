"""The cross entropy of notes of piano rolls."""

import torch
from torch import Tensor

from impasto.losses.terms.term import GeneratorPass, Term, given

LEAST = 1e-6
"""Probabilities below it count as this, so that the logarithm is finite."""


class NoteCrossEntropy(Term):
    """Minus the logarithm of the probability of the target's notes: the mean over voices and steps.

    Of each voice at each step: of the pitch that sounds, or of silence, and of whether a note begins there. For
    networks that give probabilities while they are trained, such as
    :class:`~impasto.networks.piano_roll.PianoRollTranslator`.
    """

    needs = ("target",)

    def forward(self, p: GeneratorPass) -> Tensor:
        """Of ``p.painted`` and ``p.target``, both (N, voices, H, W) in [-1, 1]: scalar."""
        painted, target = (each.float() / 2 + 0.5 for each in (p.painted, given(p, "target")))
        rows, wanted = (torch.cat([x[:, :, :-1], 1 - x[:, :, :-1].sum(2, keepdim=True)], 2) for x in (painted, target))
        pitch = -(wanted * rows.clamp_min(LEAST).log()).sum(2).mean()
        begins, begun = painted[:, :, -1].clamp(LEAST, 1 - LEAST), target[:, :, -1]
        return pitch - (begun * begins.log() + (1 - begun) * (1 - begins).log()).mean()
