"""Generators and discriminators of pictures from pictures: the fast kernels against torch's own."""

import torch
from torch import nn

from impasto.networks.layers.matrix_convolution import DoublingConv2d, HalvingConv2d
from impasto.networks.patchgan import PatchGAN
from impasto.networks.resnet_translation import TranslationGenerator
from impasto.networks.unet import UNetGenerator


def gradients(network: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    made = network(images)
    made = made.maps[0] if isinstance(network, PatchGAN) else made
    made.square().mean().backward()
    found = [made.detach(), *(p.grad for p in network.parameters())]
    for parameter in network.parameters():
        parameter.grad = None
    return [value for value in found if value is not None]


def close(a: list[torch.Tensor], b: list[torch.Tensor]) -> None:
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        torch.testing.assert_close(x, y, atol=1e-5, rtol=1e-3)


def test_fast_networks_are_the_same_functions() -> None:
    images = torch.rand(2, 3, 32, 32).mul(2).sub(1).to(memory_format=torch.channels_last)
    for kind, arguments in (
        (TranslationGenerator, {"features": 16, "blocks": 2, "upsampling": "transposed", "antialias": False}),
        (PatchGAN, {"features": 8}),
    ):
        torch.manual_seed(0)
        plain = kind(3, **arguments).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        fast = kind(3, fast=True, **arguments).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        fast.load_state_dict(plain.state_dict())
        close(gradients(plain, images), gradients(fast, images))


def test_a_u_net_is_made_of_torchs_convolutions() -> None:
    torch.manual_seed(0)
    network = UNetGenerator(3, 32, 32, features=4, dropout=0).eval()
    images = torch.rand(2, 3, 32, 32).mul(2).sub(1)
    ours = gradients(network, images)
    for module in network.modules():
        if isinstance(module, HalvingConv2d | DoublingConv2d):
            module.forward = super(type(module), module).forward  # type: ignore[method-assign]
    close(ours, gradients(network, images))
