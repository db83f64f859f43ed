"""XMP namespaces and properties: those that photo programs share, and ours."""

from __future__ import annotations

NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
    "MP": "http://ns.microsoft.com/photo/1.2/",
    "MPRI": "http://ns.microsoft.com/photo/1.2/t/RegionInfo#",
    "MPReg": "http://ns.microsoft.com/photo/1.2/t/Region#",
    "mediapro": "http://ns.iview-multimedia.com/mediapro/1.0/",
    # Ours: what we wrote, so that we can tell it from what users and other programs wrote.
    "indexer": "urn:indexer:xmp:1.0/",
}


def qname(name: str) -> str:
    """Return a name such as 'dc:subject' as lxml writes it: '{http://purl.org/dc/elements/1.1/}subject'."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


LISTS = {"dc:subject": "indexer:WroteSubject", "lr:hierarchicalSubject": "indexer:WroteHierarchicalSubject",
         "digiKam:TagsList": "indexer:WroteTagsList"}  # fmt: skip
"""The lists of words that are written, and where we keep what we put there."""

SEPARATORS = {
    "lr:hierarchicalSubject": "|",
    "digiKam:TagsList": "/",
    "MicrosoftPhoto:LastKeywordXMP": "/",
    "mediapro:CatalogSets": "|",
}
"""The lists whose words are written with their broader words, and what stands between those."""
