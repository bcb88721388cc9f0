"""Addresses of the pictures and files that the page shows."""

from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse

from impasto.app.easel import Easel
from impasto.app.paint import PHOTOGRAPHS
from impasto.app.pictures import THUMBNAIL, decode_shown, jpeg, square, thumbnail
from impasto.app.places import NotHere, inside
from impasto.app.rate import side_of
from impasto.app.records import run_of
from impasto.app.server import REPORT
from impasto.app.studio import Studio, Wish, files_of
from impasto.app.trainings import Trainings
from impasto.app.votes import Comparison, Waiting
from impasto.data.sources.decode import BadImage, decode
from impasto.data.sources.opening import SAMPLES

FOR_A_DAY = {"Cache-Control": "private, max-age=86400"}


def painting_files(app: FastAPI, easel: Easel) -> None:
    """Addresses of the tab Paint."""
    made: dict[tuple[str, int], bytes] = {}

    @app.get("/photographs/{name}.jpg")
    def photograph(name: str) -> Response:
        if name not in PHOTOGRAPHS:
            raise NotHere
        return as_jpeg(thumbnail([SAMPLES / "photos" / PHOTOGRAPHS[name][0]]))

    @app.get("/styles/{name:path}.jpg")
    def style(name: str) -> Response:
        chosen = easel.studio.shelf.find(name)
        if chosen.adapter is None:
            return as_jpeg(thumbnail(files_of(chosen)))
        key = (name, files_of(chosen)[0].stat().st_mtime_ns)
        if key not in made:
            made[key] = shown_by_painting(easel.studio, name)
        return as_jpeg(made[key])

    @app.get("/pictures/{token}/shown.jpg")
    def picture(token: str) -> Response:
        return FileResponse(inside(easel.album.shelf.of(token), "shown.jpg"), headers=FOR_A_DAY)

    @app.get("/results/{token}/{name}")
    def result(token: str, name: str) -> Response:
        path = inside(easel.results.of(token), name)
        if name == "shown.jpg":
            return FileResponse(path, headers=FOR_A_DAY)
        return FileResponse(path, filename=name, content_disposition_type="attachment")


def as_jpeg(data: bytes | None) -> Response:
    """An answer that is a picture.

    Raises:
        NotHere: there is none.
    """
    if data is None:
        raise NotHere
    return Response(data, media_type="image/jpeg", headers=FOR_A_DAY)


def shown_by_painting(studio: Studio, name: str) -> bytes:
    """An adapter as a picture: what it makes of a photograph."""
    photograph = decode(SAMPLES / "photos" / PHOTOGRAPHS["chateau"][0])
    return jpeg(square(studio.preview(photograph, Wish((name,))), THUMBNAIL))


def lesson_files(app: FastAPI, trainings: Trainings) -> None:
    """Addresses of the tab Learn a style."""

    @app.get("/lessons/{token}/style.safetensors")
    def style(token: str) -> Response:
        path = inside(trainings.of(token).run, "style.safetensors")
        return FileResponse(path, content_disposition_type="attachment")  # a name here would win over the link's

    @app.get("/lessons/{token}/{name}.png")
    def sheet(token: str, name: str) -> Response:
        return FileResponse(inside(trainings.of(token).run / "samples", f"{name}.png", [".png"]), headers=FOR_A_DAY)


def run_files(app: FastAPI, root: Path) -> None:
    """Addresses of the tab Runs: sheets and reports, and nothing else that a run has written."""
    small: dict[tuple[Path, int], bytes] = {}

    @app.get("/runs/{run:path}/samples/{name}.png")
    def sheet(run: str, name: str) -> Response:
        return FileResponse(inside(run_of(root, run) / "samples", f"{name}.png", [".png"]), headers=FOR_A_DAY)

    @app.get("/runs/{run:path}/thumbs/{name}.png")
    def thumb(run: str, name: str) -> Response:
        path = inside(run_of(root, run) / "samples", f"{name}.png", [".png"])
        key = (path, path.stat().st_mtime_ns)
        if key not in small:
            if len(small) > 500:
                small.clear()
            try:
                small[key] = jpeg(decode_shown(path, 560), 82)
            except BadImage:
                raise NotHere from None
        return as_jpeg(small[key])

    @app.get("/runs/{run:path}/report.html")
    def report(run: str) -> Response:
        path = inside(run_of(root, run), "report.html", [".html"])
        return FileResponse(path, headers={"Content-Security-Policy": REPORT})


def ballot_files(app: FastAPI, comparison: Comparison, waiting: Waiting) -> None:
    """Addresses of the tab Rate: nothing in them, nor in the pictures, tells whose they are."""

    @app.get("/ballots/{token}/{side}.jpg")
    def painting(token: str, side: str) -> Response:
        path = side_of(comparison, waiting, token, side)
        if path is None:
            raise NotHere
        try:
            data = jpeg(decode_shown(path, 1200), 95)
        except BadImage:
            raise NotHere from None
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "no-store"})
