"""What a replica does, without Ray."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.base.visitors import Limits
from impasto.inference.console import follow
from impasto.inference.repaint import Look, Repainting
from impasto.inference.restyle import restyle
from impasto.inference.style_choice import choose_styles
from impasto.painters.adapters import base_sha256, save_adapter
from impasto.painters.loading import load_painter
from impasto.painters.painter import Painter
from impasto.serve.easel import Canvas, Easel, Order, Painting, groups
from impasto.serve.refusals import Refusal
from impasto.serve.shelf import Shelf
from impasto.serve.uploads import inspect
from tests.serve.pictures import encoded, encoded_image, pixels
from tests.style_painter import photo, style_of, style_painter

LIMITS = Limits(10**6, 10**6)
AUTO = Look(brush="auto")


@pytest.fixture
def easel(tmp_path: Path) -> Easel:
    folder = tmp_path / "adapters"
    folder.mkdir()
    painter = style_painter()
    save_adapter(folder / "mine.safetensors", style_of(painter), base_sha256(painter))
    return Easel(painter, Shelf(folder), LIMITS, kept=2)


def order(data: bytes, style: str | None = "mine", look: Look = AUTO) -> Order:
    return Order(inspect(data, LIMITS), style, look)


def painted(easel: Easel, *orders: Order) -> list[Painting]:
    canvases = [easel.prepare(each) for each in orders]
    results = easel.paint(canvases)
    assert all(isinstance(each, int) for each in results), results
    return [easel.finish(canvas, int(str(n))) for canvas, n in zip(canvases, results, strict=True)]


def deep_png() -> bytes:
    return encoded_image(Image.fromarray(np.arange(620, dtype=np.uint16).reshape(20, 31) * 100), "PNG")


def turned_jpeg() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded("JPEG", exif=exif)


def telling_jpeg() -> bytes:
    exif = Image.Exif()
    exif[0x013B] = "its owner"
    return encoded("JPEG", exif=exif)


def clear_png() -> bytes:
    image = Image.fromarray(photo(24, 36))
    image.putalpha(Image.fromarray(photo(24, 36, 1)[..., 0]))
    return encoded_image(image, "PNG")


@pytest.mark.parametrize(
    ("data", "look"),
    [
        (encoded(), AUTO),
        (encoded("JPEG"), Look(0.6, brush="auto")),
        (encoded("WEBP"), Look(1.4, True, brush="auto")),
        (encoded(height=330, width=340), AUTO),  # large enough for larger strokes
        (encoded(height=40, width=60), Look(brush=0.5)),
        (deep_png(), AUTO),
        (turned_jpeg(), AUTO),
        (clear_png(), AUTO),
        (turned_jpeg(), Look(0.0, brush="auto")),
        (telling_jpeg(), Look(0.0, brush="auto")),
    ],
    ids=["png", "jpeg", "webp", "strokes", "fine", "deep", "turned", "clear", "strength 0", "strength 0, telling"],
)
def test_the_bytes_are_those_that_stylize_writes(easel: Easel, tmp_path: Path, data: bytes, look: Look) -> None:
    own, ending = tmp_path / "in", inspect(data, LIMITS).ending
    own.mkdir()
    (own / f"a{ending}").write_bytes(data)
    assert easel.shelf.folder is not None
    chosen = choose_styles(str(easel.shelf.folder / "mine.safetensors"))
    follow(restyle(easel.painter, chosen, own, tmp_path / "out", look=look))
    (given,) = painted(easel, order(data, look=look))
    assert given.data == (tmp_path / "out" / f"a{ending}").read_bytes()
    assert given.ending == ending
    assert b"its owner" not in given.data


@pytest.mark.parametrize("size", [(24, 36), (330, 350)], ids=["whole", "at several sizes"])
def test_together_as_alone(easel: Easel, size: tuple[int, int]) -> None:
    orders = [order(encoded("PNG", *size, seed=seed)) for seed in range(3)]
    alone = [painted(easel, each)[0] for each in orders]
    together = painted(easel, *orders)
    assert [each.together for each in alone] == [1, 1, 1]
    assert [each.together for each in together] == [3, 3, 3]
    for one, other in zip(alone, together, strict=True):
        assert np.abs(pixels(one.data) - pixels(other.data)).max() <= 1  # convolutions round otherwise in a batch
    assert np.abs(pixels(alone[0].data) - pixels(alone[1].data)).mean() > 2


def test_pictures_of_one_size_and_look_are_painted_together(easel: Easel) -> None:
    sizes = [(24, 36), (24, 36), (36, 24), (24, 36)]
    orders = [order(encoded("PNG", *size)) for size in sizes]
    others = [order(encoded(), style="harvest"), order(encoded(), look=Look(0.5, brush="auto"))]
    copied = order(encoded(), look=Look(0.0, brush="auto"))
    canvases = [easel.prepare(each) for each in (*orders, *others, copied)]
    assert groups([canvas.repainting for canvas in canvases]) == [[0, 1, 3], [2], [4], [5]]
    assert canvases[-1].repainting is None


def test_together_are_at_most_the_pixels_of_a_picture_that_is_painted_whole() -> None:
    painter = Painter(torch.nn.Identity(), ImageSpec(3, 32, 32), ("content",), ImageSpec(3, 32, 32))

    def waiting(height: int, width: int, tile: int | None = None) -> Repainting:
        return Repainting(painter, np.zeros((height, width, 3), np.uint8), None, Look(tile=tile))

    assert groups([waiting(1000, 1600) for _ in range(5)]) == [[0, 1], [2, 3], [4]]  # 1.6 of 4 megapixels each
    assert groups([waiting(2001, 2000) for _ in range(2)]) == [[0], [1]], "in tiles"
    assert groups([waiting(20, 20, tile=16) for _ in range(2)]) == [[0], [1]]


def test_adapters_are_swapped_while_it_runs(easel: Easel) -> None:
    assert easel.shelf.folder is not None
    path, painter = easel.shelf.folder / "mine.safetensors", easel.painter
    data, first = encoded(), painted(easel, order(encoded()))[0]
    assert first.loaded
    again = painted(easel, order(data))[0]
    assert (again.data, again.loaded) == (first.data, False)
    save_adapter(path, style_of(painter, seed=5), base_sha256(painter))  # type: ignore[arg-type]
    other = painted(easel, order(data))[0]
    assert other.loaded
    assert np.abs(pixels(other.data) - pixels(first.data)).mean() > 1
    for style in ("harvest", "night_cafe"):  # two are held, and this one is not
        painted(easel, order(data, style=style))
    assert painted(easel, order(data))[0].loaded


def test_an_adapter_that_is_damaged_is_refused_without_its_path(easel: Easel) -> None:
    assert easel.shelf.folder is not None
    (easel.shelf.folder / "bad.safetensors").write_bytes(b"junk" * 100)
    with pytest.raises(Refusal, match=r"^\(503, .*The style 'bad' cannot be used now") as refused:
        easel.prepare(order(encoded(), style="bad"))
    assert str(easel.shelf.folder) not in refused.value.sentence


@pytest.mark.parametrize(
    ("data", "style", "status", "says"),
    [
        (encoded(), None, 400, "Say in which style"),
        (encoded(), "nobody", 404, "There is no style 'nobody'"),
        (encoded()[:200], "mine", 422, "damaged or cut short"),
    ],
)
def test_what_cannot_be_painted(easel: Easel, data: bytes, style: str | None, status: int, says: str) -> None:
    with pytest.raises(Refusal, match=says) as refused:
        easel.prepare(order(data, style))
    assert refused.value.status == status


def test_a_model_of_one_way_takes_no_style(run_dir: Path) -> None:
    easel = Easel(load_painter(run_dir, device="cpu"), Shelf(), LIMITS)
    assert painted(easel, order(encoded(), style=None))[0].ending == ".png"
    with pytest.raises(Refusal, match="paints in one way only") as refused:
        easel.prepare(order(encoded(), style="harvest"))
    assert refused.value.status == 400


def test_a_model_that_paints_from_noise_is_refused() -> None:
    painter = Painter(torch.nn.Identity(), ImageSpec(3, 32, 32), ("latent",))
    with pytest.raises(UserError, match="paints from noise"):
        Easel(painter, Shelf(), LIMITS)


class Failing(Repainting):
    def paint(self, content: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("out of memory" if self.pixels.shape[0] > 24 else "a bug")


def test_one_that_fails_takes_no_other_with_it(easel: Easel) -> None:
    good = easel.prepare(order(encoded()))
    canvases = [good]
    for height in (20, 30):
        repainting = Failing(easel.painter.in_style(style_of(easel.painter)), photo(height, 20), None, Look())  # type: ignore[attr-defined, arg-type]
        canvases.append(Canvas(good.order, repainting, good.kind))
    whole, bug, memory = easel.paint(canvases)
    assert whole == 1
    assert isinstance(bug, Refusal)
    assert isinstance(memory, Refusal)
    assert (bug.status, memory.status) == (500, 503)
    assert "a bug" not in bug.sentence
