"""MusicXML, compressed or not, as far as pieces of single voices need it.

music21 reads everything, a chorale in half a second. This reads notes, rests, ties and bars alone, a hundred times as
fast.
"""

import io
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

from impasto.music.notes import BadMusic, Note, Piece, one_at_a_time

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""Semitones above C."""


def read_musicxml(content: bytes, name: str) -> Piece:
    """A piece from a score by parts.

    Args:
        content: of a .mxl or .musicxml.
        name: to call the piece by.

    Raises:
        BadMusic: it is damaged, or something else.
    """
    try:
        root = ElementTree.fromstring(_xml(content))
    except (zipfile.BadZipFile, ElementTree.ParseError, KeyError, StopIteration) as problem:
        raise BadMusic(f"no MusicXML, or damaged ({problem})") from None
    if root.tag != "score-partwise":
        raise BadMusic("its MusicXML is not a score by parts")
    parts = [_part(part) for part in root.iterfind("part")]
    if not any(notes for notes, _ in parts):
        raise BadMusic("it holds no notes")
    bars = max((bars for _, bars in parts), key=len)
    return Piece(name, tuple(one_at_a_time(notes) for notes, _ in parts if notes), bars)


def _xml(content: bytes) -> bytes:
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = next(n for n in archive.namelist() if n.endswith("xml") and not n.startswith("META-INF"))
        return archive.read(inside)


def _part(part: ElementTree.Element) -> tuple[list[Note], tuple[float, ...]]:
    """The notes of a part, and where its bars begin."""
    notes: list[Note] = []
    tied: dict[int, int] = {}
    bars, start, divisions = [0.0], 0.0, 1.0
    for measure in part.iterfind("measure"):
        now = longest = before = start
        for element, length in _timed(measure):
            if element.tag == "attributes" and (told := element.findtext("divisions")):
                divisions = float(told)
            beats = length / divisions
            if element.tag == "backup":
                now -= beats
            elif element.tag == "note" and element.find("chord") is not None:
                _add(element, before, before + beats, notes, tied)
            elif element.tag in ("note", "forward"):
                before = now
                if element.tag == "note" and element.find("rest") is None:
                    _add(element, now, now + beats, notes, tied)
                now += beats
            longest = max(longest, now)
        start = longest
        bars.append(start)
    return notes, tuple(bars)


def _timed(measure: ElementTree.Element) -> Iterator[tuple[ElementTree.Element, float]]:
    """What a bar holds, with its duration in divisions; without grace notes, which have none."""
    for element in measure:
        if element.tag != "note" or element.find("grace") is None:
            yield element, float(element.findtext("duration") or 0)


def _add(element: ElementTree.Element, start: float, end: float, notes: list[Note], tied: dict[int, int]) -> None:
    """Add a note, or make the one longer that it is tied to: ``tied`` has the positions of notes to come, by pitch."""
    step, octave = element.findtext("pitch/step"), element.findtext("pitch/octave")
    if step is None or octave is None or end <= start:
        return
    pitch = 12 * (int(octave) + 1) + STEPS[step] + round(float(element.findtext("pitch/alter") or 0))
    ties = {tie.get("type") for tie in element.iterfind("tie")}
    goes_on = tied.pop(pitch, None) if "stop" in ties else None
    if goes_on is not None:
        notes[goes_on] = notes[goes_on]._replace(end=end)
    else:
        goes_on = len(notes)
        notes.append(Note(start, end, pitch))
    if "start" in ties:
        tied[pitch] = goes_on
