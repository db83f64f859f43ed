"""The bytes of a JPEG flow in; whether they reach its end flows out.

libjpeg fills in what the data do not say. When a copy was interrupted and the rest of the file is zeros, or what
lay on the disk before, it makes a picture of that as well, and only the missing end marker gives it away.
"""

from __future__ import annotations

import re

END = b"\xff\xd9"
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")  # not a stuffed zero nor a restart, which are part of the data
_WITHOUT_LENGTH = (0x01, 0xD8)


def reaches_end(data: bytes) -> bool:
    """Follow the segments and scans (ITU-T T.81, annex B) and tell whether an end marker closes them."""
    at = 0
    while found := _MARKER.search(data, at):
        kind, at = found[1][0], found.end()
        if kind == END[1]:
            return True
        if kind not in _WITHOUT_LENGTH:
            at += int.from_bytes(data[at : at + 2])
    return False
