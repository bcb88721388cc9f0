"""Label maps as packed, as networks see them, and in colours."""

import torch

from impasto.base.label_maps import VOID, as_channels, as_picture, boundaries, coloured, positions, usual_colors
from impasto.base.spec import ImageSpec, LabelMap

MAP = LabelMap(("sky", "house", "tree"), ((0, 128, 255), (128, 0, 0), (0, 255, 0)), (0, 1, 2), 255, None)


def test_channels_are_one_hot_and_unlabelled_pixels_are_in_none() -> None:
    packed = torch.tensor([[[[0, 2], [255, 1]]]], dtype=torch.uint8)
    channels = as_channels(packed, MAP)
    assert channels.dtype == torch.float32
    assert channels[0].tolist() == [[[1, 0], [0, 0]], [[0, 0], [0, 1]], [[0, 1], [0, 0]]]
    assert torch.equal(positions(channels, MAP), packed)


def test_boundaries_are_on_both_sides() -> None:
    objects = torch.tensor([[[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0]]], dtype=torch.uint8)
    assert boundaries(objects)[0].int().tolist() == [[0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]
    with_objects = LabelMap(MAP.class_names, MAP.colors, MAP.numbers, boundaries=True)
    assert with_objects.channels == 4
    channels = as_channels(torch.stack([torch.zeros_like(objects), objects], 1), with_objects)
    assert channels.shape == (1, 4, 3, 4)
    assert torch.equal(channels[0, 3], boundaries(objects)[0].float())
    assert (positions(channels, with_objects) == 0).all()  # the boundaries are no class


def test_colours_of_classes_and_of_none() -> None:
    packed = torch.tensor([[[[1, 255]]]], dtype=torch.uint8)
    assert coloured(packed, MAP)[0, :, 0].T.tolist() == [[128, 0, 0], list(VOID)]
    spec = ImageSpec(3, 1, 2, label_map=MAP)
    seen = as_picture(as_channels(packed, MAP), spec)
    assert ((seen + 1) * 127.5).round()[0, :, 0].T.tolist() == [[128, 0, 0], list(VOID)]
    picture = torch.rand(1, 3, 2, 2)
    assert as_picture(picture, ImageSpec(3, 2, 2)) is picture


def test_usual_colours_are_those_of_pascal_voc() -> None:
    assert usual_colors(6) == ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128))
    assert usual_colors(256)[255] == VOID
    assert len(set(usual_colors(256))) == 256


def test_specs_with_label_maps_go_through_plain_values() -> None:
    ignoring = LabelMap(("a", "b"), ((0, 0, 0), (1, 2, 3)), (), None, (9, 9, 9), True)
    for label_map in (None, MAP, ignoring):
        spec = ImageSpec(3, 4, 5, label_map=label_map)
        assert ImageSpec.from_dict(spec.to_dict()) == spec
    before = {name: value for name, value in ImageSpec(3, 4, 5).to_dict().items() if name != "label_map"}
    assert ImageSpec.from_dict(before) == ImageSpec(3, 4, 5)  # of checkpoints without label maps
