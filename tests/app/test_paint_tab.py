"""The tab Paint in a browser: bring a picture, choose how, compare, take the painting away."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from tests.app.conftest import save_style
from tests.app.test_pictures import png_header


def photograph(width: int = 96, height: int = 64, seed: int = 0) -> bytes:
    """A small PNG of smooth colours."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 9, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


def bring(visit: Any, name: str, data: bytes, where: str = "#stage .file") -> None:
    visit.page.set_input_files(where, {"name": name, "mimeType": "application/octet-stream", "buffer": data})


def finished(visit: Any, name: str = "") -> None:
    """Wait until the painting is whole, and its file's name begins with a name."""
    visit.page.wait_for_function(
        """(name) => document.querySelector('.stage[data-state="ready"]')
            && document.querySelector('#stage .download').download.startsWith(name)""",
        arg=name,
    )


def fetched(visit: Any) -> np.ndarray:
    """The painting."""
    address = visit.page.get_attribute("#stage .download", "href")
    return np.asarray(Image.open(io.BytesIO(visit.context.request.get(visit.page.url + address).body())))


def note(visit: Any) -> str:
    return str(visit.page.inner_text("#stage .status"))


def test_it_opens_with_a_painting_and_takes_a_picture(one: Any) -> None:
    finished(one, "chateau")
    assert one.page.locator("#palette button.style").count() == 9
    bring(one, "holiday <b>.png", photograph())
    finished(one, "holiday")
    with one.page.expect_download() as download:
        one.page.click("#stage .download")
    assert download.value.suggested_filename == "holiday _b_ langlois bridge.png"
    with Image.open(download.value.path()) as painting:
        assert painting.size == (96, 64)
        said = painting.getexif()[ExifTags.Base.ImageDescription]
    assert re.fullmatch(r"Painted by Impasto \S+ in the style of langlois_bridge, strength 1, brush 1", said)
    assert not one.wrong


def test_strength_nought_gives_the_picture_back_and_keys_move_everything(one: Any) -> None:
    bring(one, "plain.png", photograph())
    finished(one, "plain")
    painted = one.page.get_attribute("#stage .download", "href")
    one.page.focus("#palette input[name=strength]")
    one.page.keyboard.press("Home")
    one.page.wait_for_function(
        "(old) => document.querySelector('#stage .download').getAttribute('href') !== old", arg=painted
    )
    finished(one, "plain")
    np.testing.assert_array_equal(fetched(one), np.asarray(Image.open(io.BytesIO(photograph()))))
    assert one.page.inner_text("#palette .dial:has([name=strength]) output") == "0 %"
    one.page.focus("#stage .divider")
    one.page.keyboard.press("End")
    assert one.page.evaluate("getComputedStyle(document.querySelector('.frame')).getPropertyValue('--split')") == "100%"
    assert not one.wrong


BAD = (
    ("empty.png", b"", "the file is empty"),
    ("words.jpg", b"hello", "not a picture in a format that is read"),
    ("bomb.png", png_header(50_000, 50_000), "2,500 million pixels"),
    ("hollow.png", png_header(50, 50), "the file is truncated"),
    ("script.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a picture"),
    ("large.jpg", b"\xff\xd8" + bytes(3 * 10**6), "has 4 MB, and 2 MB are taken at most"),
    ("pickled.png", b"\x80\x04cos\nsystem\n.", "not a picture"),
)


def test_every_kind_of_bad_picture_is_refused_with_a_reason(one: Any) -> None:
    for name, data, reason in BAD:
        bring(one, name, data)
        one.page.wait_for_function(
            "(t) => document.querySelector('#stage .status').textContent.includes(t)", arg=reason
        )
        assert name in note(one)
    bring(one, "good.png", photograph())
    finished(one, "good")
    assert not one.wrong


def test_a_style_of_ones_own_from_a_picture_and_from_a_file(one: Any, tmp_path: Path) -> None:
    bring(one, "mine.png", photograph(seed=3), "#palette .file")
    chosen = one.page.wait_for_selector('#palette button.style[aria-pressed="true"] >> text=mine')
    assert chosen is not None
    one.page.wait_for_function("document.querySelector('#stage .download').download.includes('own style')")
    blue = save_style(tmp_path / "blue.safetensors").read_bytes()
    bring(one, "blue.safetensors", blue, "#palette .file")
    one.page.wait_for_selector('#palette button.style[aria-pressed="true"] >> text=blue')
    finished(one)
    bring(one, "bad.safetensors", b"\x08\0\0\0\0\0\0\0{}      ", "#palette .file")
    one.page.wait_for_function("document.querySelector('#palette .status').textContent.includes('bad')")
    assert not one.wrong


def test_two_visitors_at_once_get_their_own_paintings(visit: Any) -> None:
    both = [visit(), visit(viewport={"width": 390, "height": 844}, color_scheme="dark")]
    sizes = [(64, 48), (48, 80)]
    for one in both:
        finished(one)
    for number, (one, size) in enumerate(zip(both, sizes, strict=True)):
        bring(one, f"picture{number}.png", photograph(*size, seed=number))
    for number, (one, size) in enumerate(zip(both, sizes, strict=True)):
        finished(one, f"picture{number}")
        assert fetched(one).shape == (size[1], size[0], 3)
        assert not one.wrong
    phone = both[1].page
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.evaluate("document.body.classList.contains('dark')")


def test_the_camera_takes_a_picture(one: Any) -> None:
    one.page.click("#stage .camera")
    one.page.click("#stage .snap:enabled")
    finished(one, "camera")
    assert not one.wrong
