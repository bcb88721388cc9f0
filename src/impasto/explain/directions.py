"""Directions in latent space: from the weights, from what the layers do, and from scores of what is painted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.explain.noise import Noise, centred, paint
from impasto.networks.places import HasPlaces
from impasto.painters.painter import Painter

FOLDS = 4
"""A scorer is explained by three parts of the pictures, and tested on the fourth."""
RIDGE = 0.01
"""Penalty on the regression, as a share of the number of pictures."""


def closed_form(painter: Painter, noise: Noise, count: int) -> Tensor:
    """Directions that change what the first layers see most: eigenvectors of A^T A (SeFa; Shen and Zhou 2021, eq. 4).

    A holds the weights by which every layer that gets the latent vector itself multiplies it.

    Args:
        painter: from noise.
        noise: at least one vector, to find those layers.
        count: of directions.

    Returns:
        (count, latent_dim), of length 1, the strongest first.

    Raises:
        UserError: no linear layer gets the latent vector.
    """
    weights = latent_weights(painter, noise[:2])
    if not weights:
        raise UserError(
            f"No linear layer of {type(painter.network).__name__} gets the latent vector itself: leave sefa out of "
            "methods=."
        )
    A = torch.cat(weights).double()
    vectors = torch.linalg.eigh(A.T @ A).eigenvectors.flip(1).T[:count]
    return upright(vectors.float())


def latent_weights(painter: Painter, noise: Noise) -> list[Tensor]:
    """Weights (rows, latent_dim) of all layers whose input begins with the latent vector."""
    z, found = noise.z.to(painter.device), []

    def look(layer: nn.Module, given: tuple[Any, ...]) -> None:
        x = given[0].flatten(1) if given and isinstance(given[0], Tensor) else None
        if x is None or x.shape[0] != len(z) or x.shape[1] < z.shape[1] or not torch.equal(x[:, : z.shape[1]], z):
            return
        weight = cast(Tensor, layer.weight).detach().cpu()
        if isinstance(layer, nn.Linear):
            found.append(weight[:, : z.shape[1]])
        elif given[0].shape[2:].numel() == 1:  # a transposed convolution of a single place
            found.append(weight[: z.shape[1]].flatten(1).T)

    layers = [m for m in painter.network.modules() if isinstance(m, nn.Linear | nn.ConvTranspose2d)]
    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    try:
        paint(painter, noise)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def principal(painter: Painter, noise: Noise, count: int, place: int = 0) -> tuple[Tensor, Tensor]:
    """Principal components of a layer's maps, carried back to latent space (GANSpace; Härkönen et al. 2020, section 2).

    As there for BigGAN: components of the activations of many pictures, then the latent vectors regressed on their
    coordinates. Maps are compared within a class, so that the classes are no components.

    Args:
        painter: from noise.
        noise: several hundred vectors.
        count: of directions.
        place: which of the network's places, 0 for the earliest; a network without any is looked at by its pictures.

    Returns:
        ((count, latent_dim), of length 1, the largest variance first; (count,), shares of the variance).

    Raises:
        UserError: there is no such place.
    """
    Y = centred(activations(painter, noise, place), noise.groups)
    # The smaller of the two products of Y with itself has the same eigenvalues.
    U, values = left_vectors(Y.double(), count)
    # The columns of U are coordinates of unit length, so that least squares is one product.
    back = U.T @ centred(noise.z, noise.groups).double()
    share = values.clamp_min(0) / Y.square().sum().clamp_min(1e-12)
    return upright(nn.functional.normalize(back).float()), share.float()


def left_vectors(Y: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Left singular vectors (N, count) of a matrix (N, F), largest first, and the squares of its singular values."""
    if Y.shape[0] <= Y.shape[1]:
        values, vectors = torch.linalg.eigh(Y @ Y.T)
        return vectors.flip(1)[:, :count], values.flip(0)[:count]
    values, vectors = torch.linalg.eigh(Y.T @ Y)
    projected = Y @ vectors.flip(1)[:, :count]
    return nn.functional.normalize(projected, dim=0), values.flip(0)[:count]


def activations(painter: Painter, noise: Noise, place: int) -> Tensor:
    """Maps at a place of the network, flat: (N, C * h * w); of a network without places the pictures."""
    network = painter.network
    if not isinstance(network, HasPlaces):
        return paint(painter, noise).flatten(1)
    places = list(network.places(painter.gives.height, painter.gives.width))
    if place >= len(places):
        raise UserError(f"place={place}: {type(network).__name__} has the places 0 to {len(places) - 1}.")
    kept: list[Tensor] = []
    with watching(network.get_submodule(places[place].module), lambda _, out: kept.append(out.flatten(1).cpu())):
        paint(painter, noise)
    return torch.cat(kept)


@contextmanager
def watching(module: nn.Module, look: Callable[[Any, Any], object]) -> Iterator[None]:
    """Within the block ``look(inputs, output)`` is called after every pass through a module."""

    def hook(_: nn.Module, given: Any, output: Any) -> None:
        look(given, output)

    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def supervised(noise: Noise, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Directions along which scores of the pictures rise fastest, by ridge regression on the latent vectors.

    The normal of the hyperplane of InterFaceGAN (Shen et al. 2020, section 3.1), for scores of any kind in place of
    two classes.

    Args:
        noise: several hundred vectors.
        scores: (N, A), of what was painted of them.

    Returns:
        ((A, latent_dim), of length 1; (A,), explained variance on a quarter of the vectors that was held back; (A,),
        the same after the scores were shuffled, which is what chance explains).
    """
    Z, S = centred(noise.z, noise.groups).double(), centred(scores, noise.groups).double()
    S = S / S.std(0).clamp_min(1e-9)
    shuffled = S[torch.randperm(len(S), generator=torch.Generator().manual_seed(0))]
    explained, chance = (held_out(Z, values) for values in (S, shuffled))
    return nn.functional.normalize(ridge(Z, S).T).float(), explained, chance


def ridge(Z: Tensor, S: Tensor) -> Tensor:
    """Coefficients (D, A) of scores (N, A) on vectors (N, D)."""
    return torch.linalg.solve(Z.T @ Z + RIDGE * len(Z) * torch.eye(Z.shape[1], dtype=Z.dtype), Z.T @ S)


def held_out(Z: Tensor, S: Tensor) -> Tensor:
    """Share of the variance (A,) that a regression explains on vectors that it has not seen."""
    unseen = torch.arange(len(Z)) % FOLDS == 0
    found = Z[unseen] @ ridge(Z[~unseen], S[~unseen])
    return (1 - (S[unseen] - found).square().sum(0) / S[unseen].square().sum(0).clamp_min(1e-9)).float()


def alone(vectors: Tensor) -> Tensor:
    """Each direction (A, D) without what it shares with the others (InterFaceGAN, section 3.2), of length 1.

    To first order, moving along it leaves the other attributes as they are.
    """
    result = []
    for i, vector in enumerate(vectors):
        others = torch.cat([vectors[:i], vectors[i + 1 :]])
        basis = torch.linalg.qr(others.T.double()).Q if len(others) else vectors.new_zeros(len(vector), 0).double()
        result.append(vector.double() - basis @ (basis.T @ vector.double()))
    return nn.functional.normalize(torch.stack(result)).float()


def upright(vectors: Tensor) -> Tensor:
    """Directions (n, D) whose largest number is positive: the sign of an eigenvector means nothing."""
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return vectors * largest.sign()
