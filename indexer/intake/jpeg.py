"""The bytes of a JPEG flow in; whether they reach its end flows out.

libjpeg fills in what the data do not say. When a copy was interrupted and the rest of the file is zeros, or what
lay on the disk before, it makes a picture of that as well, and only the missing end marker gives it away.
"""

from __future__ import annotations

import re

END = b"\xff\xd9"
_SCAN = 0xDA
_MARKER = re.compile(rb"\xff([^\x00\xff])")


def reaches_end(data: bytes) -> bool:
    """Skip the segments in front (thumbnails hide in them) and look for the end marker behind the first scan.

    Coded data cannot hold that marker by chance, as a zero follows each of its 255s (ITU-T T.81, B.1.1.5).
    """
    at = 2
    while found := _MARKER.search(data, at):
        kind, at = found[1][0], found.end()
        if kind == _SCAN:
            return data.find(END, at) >= 0
        at += int.from_bytes(data[at : at + 2])
    return False
