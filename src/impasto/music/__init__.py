"""Music without networks: notes, MIDI and MusicXML files, keys, piano rolls, figures, and how it sounds."""
