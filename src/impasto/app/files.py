"""Addresses of the pictures and files that the page shows."""

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse

from impasto.app.paint import PHOTOGRAPHS, Easel
from impasto.app.pictures import THUMBNAIL, jpeg, square, thumbnail
from impasto.app.places import NotHere, inside
from impasto.app.studio import Studio, Wish, files_of
from impasto.data.sources.decode import decode
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
