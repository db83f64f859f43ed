"""XMP packet as a tree, parsed from untrusted bytes and written back.

No DTD is read, no entity is expanded, nothing is fetched, and what is too large is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from lxml import etree

from indexer.intake.xmp.names import NAMESPACES, qname

Element: TypeAlias = Any  # lxml's

MOST_BYTES = 32 * 2**20
"""Larger XMP is refused; that of an editor with hundreds of masks has a few MB."""

_RDF, _DESCRIPTION, _ABOUT = qname("rdf:RDF"), qname("rdf:Description"), qname("rdf:about")
_ITEMS = {qname(f"rdf:{kind}") for kind in ("Bag", "Seq", "Alt")}
_LI = qname("rdf:li")
_SYNTAX = f"{{{NAMESPACES['rdf']}}}"
_ENCODING = re.compile(rb"""^[^<]{0,3}<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""")
_ENCODINGS = {b"UTF-8", b"UTF8", b"UTF-16", b"UTF-16LE", b"UTF-16BE", b"UTF-32", b"US-ASCII", b"ASCII", b"ISO-8859-1"}
_START = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'
_EMPTY = f"""{_START}<x:xmpmeta xmlns:x="{NAMESPACES["x"]}">
 <rdf:RDF xmlns:rdf="{NAMESPACES["rdf"]}">
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


class BadXmp(Exception):  # noqa: N818 - translated where the file is known
    """XMP that cannot be read; the message is the end of a sentence."""


class Packet:
    """XMP as a tree: everything that is not changed is written back as it was."""

    def __init__(self, data: bytes | None = None) -> None:
        """Parse XMP; None makes an empty one. Raises BadXmp."""
        root = _parse(_EMPTY.encode() if data is None else data)
        self._root = root
        self._had_declaration = (data or b"").lstrip(b"\xef\xbb\xbf").startswith(b"<?xml ")
        found = root if root.tag == _RDF else next(root.iter(_RDF), None)
        if found is None:
            raise BadXmp("it is XML, but holds no XMP")
        self._rdf = found

    def __bytes__(self) -> bytes:
        around = [*reversed(list(self._root.itersiblings(preceding=True))), self._root, *self._root.itersiblings()]
        lines = [etree.tostring(each, encoding="utf-8", xml_declaration=False, with_tail=False) for each in around]
        return b"\n".join([_DECLARATION, *lines] if self._had_declaration else lines)

    def blocks(self) -> Iterator[Element]:
        """Yield the rdf:Descriptions that hold the photo's properties."""
        yield from self._rdf.iterchildren(_DESCRIPTION)

    def find_all(self, name: str) -> list[Element]:
        """Return the elements of a property; there should be one at most."""
        wanted = qname(name)
        return [each for block in self.blocks() for each in block.iterchildren(wanted)]

    def find(self, name: str) -> Element | None:
        """Return the element of a property, None where there is none (or it is an attribute)."""
        return next(iter(self.find_all(name)), None)

    def text(self, name: str) -> str | None:
        """Return a simple property, be it attribute or element."""
        wanted = qname(name)
        written = next((block.get(wanted) for block in self.blocks() if block.get(wanted) is not None), None)
        if written is None and (element := self.find(name)) is not None:
            written = element.text or ""
        return None if written is None else str(written).strip()

    def texts(self, name: str) -> list[str]:
        """Return the items of a list; those of several lists of the name are joined."""
        return [text for each in self.find_all(name) for item in items(each) if (text := (item.text or "").strip())]

    def set_text(self, name: str, value: str | None) -> None:
        """Write a simple property where it stands, attribute or element, or anew; None removes it."""
        wanted = qname(name)
        holder = next((block for block in self.blocks() if block.get(wanted) is not None), None)
        element = self.find(name)
        if value is None:
            if holder is not None:
                del holder.attrib[wanted]
            if element is not None:
                drop(element)
        elif holder is not None:
            holder.set(wanted, value)
        else:
            (self.add(name) if element is None else element).text = value

    def add(self, name: str) -> Element:
        """Add an empty property to our own rdf:Description."""
        return child(self._ours(), name)

    def tidy(self) -> None:
        """Remove our own rdf:Description where it is empty."""
        for block in list(self.blocks()):
            if _is_ours(block) and not len(block) and set(block.attrib) <= {_ABOUT}:
                drop(block)

    def _ours(self) -> Element:
        found = next((block for block in self.blocks() if _is_ours(block)), None)
        if found is not None:
            return found
        about = next((block.get(_ABOUT) for block in self.blocks()), None)
        block = etree.SubElement(self._rdf, _DESCRIPTION, nsmap={"indexer": NAMESPACES["indexer"]})
        _indent(block, 2)
        block.set(_ABOUT, about or "")
        return block


def items(element: Element) -> list[Element]:
    """Return the rdf:li of a list, whatever kind of list it is; of a property without one, itself."""
    lists = [each for each in element if each.tag in _ITEMS]
    return [each for made in lists for each in made.iterchildren(_LI)] if lists else ([element] if element.text else [])


def container(element: Element) -> Element:
    """Return the list inside a property, making an rdf:Bag where there is none."""
    found = next((each for each in element if each.tag in _ITEMS), None)
    return child(element, "rdf:Bag") if found is None else found


def parts(element: Element) -> dict[str, Element | str]:
    """Return the fields of a structure, in each of the ways that RDF writes one: name as lxml has it → value."""
    inner = next(iter(element.iterchildren(_DESCRIPTION)), element)
    found: dict[str, Element | str] = {}
    for holder in (element, inner):
        found |= {name: value for name, value in holder.attrib.items() if not name.startswith(_SYNTAX)}
    return found | {each.tag: each for each in inner.iterchildren(etree.Element) if not each.tag.startswith(_SYNTAX)}


def body(element: Element) -> Element:
    """Return the element with the fields of a structure."""
    return next(iter(element.iterchildren(_DESCRIPTION)), element)


def part_text(fields: dict[str, Element | str], name: str) -> str | None:
    """Return a field of a structure as text."""
    value = fields.get(qname(name))
    return None if value is None else (value if isinstance(value, str) else (value.text or "")).strip()


def child(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    """Add an element at the end, on a line of its own.

    attributes: such as stArea__x='0.5' for stArea:x.
    """
    given = {key.replace("__", ":"): value for key, value in attributes.items()}
    prefixes = [each.partition(":")[0] for each in (name, *given)]
    made = etree.SubElement(parent, qname(name), nsmap={prefix: NAMESPACES[prefix] for prefix in prefixes})
    made.text = text
    for key, value in given.items():
        made.set(qname(key), value)
    _indent(made, sum(1 for _ in made.iterancestors()))
    return made


def drop(element: Element) -> None:
    """Remove an element, and the space before it."""
    parent, before = element.getparent(), element.getprevious()
    space = element.tail
    if before is not None:
        before.tail = space
    else:
        parent.text = space
    parent.remove(element)


def _is_ours(block: Element) -> bool:
    return NAMESPACES["indexer"] in block.nsmap.values()


def _indent(element: Element, depth: int) -> None:
    """Lay out an element at the end of its parent as its siblings are, so that `drop` restores the former text."""
    parent, before = element.getparent(), element.getprevious()
    if before is not None:
        element.tail, before.tail = before.tail, parent.text
    else:
        element.tail = parent.text or "\n" + " " * (depth - 1)
        parent.text = "\n" + " " * depth


def _parse(data: bytes) -> Element:
    if len(data) > MOST_BYTES:
        raise BadXmp(f"it is larger than {MOST_BYTES // 2**20} MB")
    data = data if b"\0" in data[:4] else data.strip(b"\0 \t\r\n")  # the former: UTF-16 or UTF-32
    if not data:
        raise BadXmp("it is empty")
    _refuse_tricks(data)
    try:
        return etree.fromstring(data, _parser())
    except (etree.LxmlError, ValueError, RecursionError, MemoryError) as error:
        raise BadXmp(f"it is broken ({error})") from error


def _refuse_tricks(data: bytes) -> None:
    """Reject entity definitions, and encodings in which they could hide."""
    plain = data.replace(b"\0", b"")
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise BadXmp("it defines a document type, which XMP never does; it was not read")
    declared = _ENCODING.search(plain[:200])
    if declared and declared[1].upper() not in _ENCODINGS:
        raise BadXmp(f"its encoding is {declared[1].decode('ascii', 'replace')}; XMP is Unicode")


def _parser() -> Any:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        strip_cdata=False,
        collect_ids=False,
        remove_blank_text=False,
    )
