"""Copying a clip without what its file says of its owner."""

from pathlib import Path

from impasto.video.describing import TAGS, opened, packet_streams
from impasto.video.writing import partial_of


def copy_clip(source: Path, target: Path) -> bool:
    """Copy pictures and sound of a clip packet by packet, bit for bit, into a new file of the same format.

    Place, time, camera, owner, comments, chapters, subtitles, cover pictures and tracks of measurements stay behind.

    Args:
        source: the clip.
        target: where it goes, whole or not at all; its folder is made.

    Returns:
        False if a file of this format cannot be made of its packets, or they cannot be read.

    Raises:
        BadClip: it cannot be opened.
    """
    import av

    target.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(target)
    try:
        with opened(source) as given, av.open(str(partial), "w") as made:
            made.metadata.update({key: value for key, value in given.metadata.items() if key in TAGS})
            tracks = {}
            for stream in packet_streams(given):
                track = tracks[stream.index] = made.add_stream_from_template(stream)
                track.metadata.clear()
                track.metadata.update({key: value for key, value in stream.metadata.items() if key == "language"})
            for packet in given.demux(*(given.streams[index] for index in tracks)):
                if packet.size and packet.dts is not None:
                    packet.stream = tracks[packet.stream_index]
                    made.mux(packet)
    except (av.FFmpegError, ValueError):
        partial.unlink(missing_ok=True)
        return False
    partial.replace(target)
    return True
