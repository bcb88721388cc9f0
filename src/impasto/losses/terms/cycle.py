"""Terms of translation there and back: cycle consistency and identity (Zhu et al. 2017)."""

from torch import Tensor

from impasto.losses.terms.term import GeneratorPass, Term, given, similar


class Cycle(Term):
    """L1 between the content and the content turned into style and back (Zhu et al. 2017, equation 2)."""

    needs = ("content", "cycled")

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar."""
        return (given(p, "cycled").float() - given(p, "content").float()).abs().mean()


class Identity(Term):
    """L1 between style pictures and the same repainted: they are in the style already.

    Zhu et al. 2017, section 5.2; Taigman et al. 2017. It keeps colours.
    """

    needs = ("style", "identity")

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar."""
        painted, wanted = similar(p.identity, given(p, "style"))
        return (painted - wanted).abs().mean()
