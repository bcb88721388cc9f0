"""Sequences of tokens on the same adversarial step as pictures: DNA, proteins, molecules, text.

The shape. Inside, a sequence is (N, V, voices, T): channel v is 1 where the token is number v, and 0 elsewhere; there
is one voice as a rule, or several beside each other. :class:`impasto.base.spec.ImageSpec` says so by its ``alphabet``,
with V ``channels``, voices as its ``height`` and T as its ``width``; on disk and in memory a sequence is uint8
(voices, T), the numbers of its tokens. Music is learnt as pictures, see :mod:`impasto.base.rolls`.

What there is:

- :class:`.opening.Sequences` is what a kind of data opens: tokens, alphabet, names, and classes or properties;
- :class:`.module.SequenceDataModule` splits and draws them, as the part ``sequence`` (or several parts);
- :mod:`.networks` has a convolutional generator, whose tokens are drawn by the straight-through Gumbel-softmax (or that
  gives probabilities, for WGAN-GP), and a convolutional discriminator; :mod:`.transformer` another discriminator;
- :class:`.model.SequenceGAN` trains them: ``model=sequence``, or ``model=sequence_wgan_gp``;
- :mod:`.files` writes what ``generate.py`` makes, by the alphabet's ``kind``.

To add a kind, such as ``tunes``:

1. write a function that opens them: ``def open_tunes(root: str | None, length: int) -> Sequences`` with an
   :class:`~impasto.base.alphabet.Alphabet` of kind ``tunes``; files that cannot be used go into ``Sequences.bad``;
2. write ``conf/data/tunes.yaml``: ``defaults: [parts/sequences@_here_, _self_]``, below ``sequences`` the function as
   ``_target_`` with ``_partial_: true``, and a line for each of its arguments (as ``conf/data/dna.yaml``);
3. add a writer for its kind to :data:`.files.WRITERS`;
4. measure: a protocol in ``impasto.evaluation.protocols`` with ``takes = "latent"``, ``parts = ("sequence",)`` and
   ``asks = ("sequences",)``; ``data.sequences("held_out")`` gives real ones, and
   ``impasto.sequences.sampling.sampled(painter, n, seed=0, condition=None)`` generated ones, both uint8 (n, voices, T);
   :mod:`.controls` has n-grams and an LSTM that learn the same sequences by likelihood.

Then ``python src/train.py model=sequence data=tunes evaluation=tunes`` trains, and ``generate.py`` writes them.
"""
