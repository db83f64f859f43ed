"""XMP: all that others wrote stays, all that we wrote can be taken back, and no bytes of a stranger do harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import PhotoError
from indexer.geometry import Box
from indexer.intake.xmp.packet import Frame, Packet, Region, XmpContent, read_saying, write_saying
from indexer.intake.xmp.sidecar import Beside, new_sidecar, read_sidecar, write_sidecar
from indexer.intake.xmp.tree import MOST_BYTES, BadXmp

FRAME = Frame(400, 300)
ALICE = Region("Alice", Box(0.1, 0.2, 0.2, 0.3))

# As darktable, Lightroom and digiKam write it: attributes, comments, masks, struct forms, all in one.
FOREIGN = """<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="uuid:1" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:darktable="http://darktable.sf.net/" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
    xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" xmlns:odd="http://odd/"
   xmp:Rating="3" darktable:xmp_version="5" odd:kept="&lt;&amp;ä">
   <darktable:history><rdf:Seq>
     <rdf:li darktable:num="0" darktable:params="gz02eJzj"/>
   </rdf:Seq></darktable:history>
   <dc:subject><rdf:Seq><rdf:li>Dog</rdf:li><rdf:li>holiday</rdf:li></rdf:Seq></dc:subject>
   <lr:hierarchicalSubject><rdf:Bag><rdf:li>my|beasts|dog</rdf:li></rdf:Bag></lr:hierarchicalSubject>
   <odd:cdata><![CDATA[<b>bold</b>]]></odd:cdata>
   <mwg-rs:Regions rdf:parseType="Resource">
    <mwg-rs:RegionList><rdf:Bag>
     <rdf:li><rdf:Description mwg-rs:Name="Bob" mwg-rs:Type="Face">
      <mwg-rs:Area stArea:x="0.2" stArea:y="0.35" stArea:w="0.2" stArea:h="0.3" stArea:unit="normalized"/>
     </rdf:Description></rdf:li>
     <rdf:li rdf:parseType="Resource"><mwg-rs:Type>Face</mwg-rs:Type>
      <mwg-rs:Area stArea:x="0.8" stArea:y="0.8" stArea:w="0.1" stArea:h="0.1" stArea:unit="normalized"/>
     </rdf:li>
     <rdf:li rdf:parseType="Resource"><mwg-rs:Type>Pet</mwg-rs:Type><mwg-rs:Name>Rex</mwg-rs:Name>
      <mwg-rs:Area stArea:x="0.5" stArea:y="0.8" stArea:w="0.1" stArea:h="0.1" stArea:unit="normalized"/>
     </rdf:li>
    </rdf:Bag></mwg-rs:RegionList>
   </mwg-rs:Regions>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
""".encode()


def saying(*words: str, rating: int | None = None, regions: tuple[Region, ...] = ()) -> XmpContent:
    return XmpContent(tuple(tuple(word.split("|")) for word in words), rating, regions)


def written(data: bytes | None, *sayings: XmpContent, frame: Frame = FRAME) -> bytes:
    """Return XMP after it was told these things one after the other, each time read anew."""
    for each in sayings:
        packet = Packet(data)
        write_saying(packet, each, frame)
        data = bytes(packet)
    assert data is not None
    return data


def test_what_users_and_programs_wrote_is_read_in_all_forms_that_rdf_has() -> None:
    found = read_saying(Packet(FOREIGN), FRAME)
    assert found.words == (("Dog",), ("holiday",))
    assert found.rating == 3
    (bob,) = found.regions
    assert bob.name == "Bob"
    assert bob.box.overlap(Box(0.1, 0.2, 0.2, 0.3)) > 0.999


def test_an_export_of_nothing_changes_nothing() -> None:
    packet = Packet(FOREIGN)
    change = write_saying(packet, XmpContent(), FRAME)
    assert not change.is_other
    assert bytes(packet) == bytes(Packet(FOREIGN))


def test_everything_foreign_is_there_after_an_export_and_what_we_wrote_can_be_taken_back_whole() -> None:
    full = written(FOREIGN, saying("animal|dog", "animal|cat", rating=5, regions=(ALICE,)))
    for part in (b"<!-- made by hand -->", b'xmp:Rating="3"', b"gz02eJzj", b"<![CDATA[<b>bold</b>]]>", b"my|beasts|dog",
                 b'odd:kept="&lt;&amp;', b'mwg-rs:Name="Bob"', b"Rex", b'rdf:about="uuid:1"'):  # fmt: skip
        assert part in full
    assert written(full, XmpContent()) == bytes(Packet(FOREIGN))


def test_a_word_that_the_user_wrote_is_neither_doubled_nor_ever_removed() -> None:
    once = written(FOREIGN, saying("animal|dog", "animal|cat"))
    packet = Packet(once)
    assert packet.texts("dc:subject") == ["Dog", "holiday", "cat"]
    assert packet.texts("lr:hierarchicalSubject") == ["my|beasts|dog", "animal|cat"]
    change = write_saying(packet, saying("animal|bird"), FRAME)
    assert (change.added, change.removed) == (("bird",), ("cat",))
    assert packet.texts("dc:subject") == ["Dog", "holiday", "bird"]


def test_a_second_export_of_the_same_is_no_change() -> None:
    told = saying("animal|dog", "night", rating=4, regions=(ALICE,))
    for data in (None, FOREIGN):
        once = written(data, told)
        assert written(once, told) == once


def test_what_an_export_wrote_is_not_read_as_the_users() -> None:
    full = written(None, saying("animal|dog", "a/b", "a|b", rating=4, regions=(ALICE,)))
    assert read_saying(Packet(full), FRAME) == XmpContent()
    renamed = full.replace(b"<mwg-rs:Name>Alice<", b"<mwg-rs:Name>Alicia<").replace(b"<xmp:Rating ", b"<xmp:Rating  ")
    (region,) = read_saying(Packet(renamed), FRAME).regions
    assert region.name == "Alicia"


def test_a_rating_of_another_program_stays_and_ours_follows_the_library() -> None:
    packet = Packet(FOREIGN)
    assert write_saying(packet, saying(rating=5), FRAME).kept_rating == 3
    assert packet.text("xmp:Rating") == "3"
    ours = Packet(written(None, saying(rating=2)))
    assert write_saying(ours, saying(rating=5), FRAME).rating == (2, 5)
    assert write_saying(ours, saying(), FRAME).rating == (5, None)
    assert ours.text("xmp:Rating") is None
    unrated = Packet(FOREIGN.replace(b'xmp:Rating="3"', b'xmp:Rating="0"'))
    assert write_saying(unrated, saying(rating=5), FRAME).rating == (None, 5)


def test_a_face_that_another_program_drew_is_not_drawn_again_and_only_named_where_it_has_no_name() -> None:
    nameless = Region("Carol", Box(0.75, 0.75, 0.1, 0.1))
    full = written(FOREIGN, saying(regions=(ALICE, nameless)))
    assert full.count(b"mwg-rs:Area ") == FOREIGN.count(b"mwg-rs:Area ")
    assert b"Carol" in full
    assert b"Alice" not in full
    assert written(full, saying(regions=(ALICE,))) == bytes(Packet(FOREIGN))


def test_a_person_who_is_somebody_else_now_gets_the_new_name() -> None:
    packet = Packet(written(None, saying(regions=(ALICE,))))
    change = write_saying(packet, saying(regions=(Region("Anna", ALICE.box),)), FRAME)
    assert (change.named, change.unnamed) == (("Anna",), ("Alice",))
    assert bytes(packet).count(b"<mwg-rs:Area ") == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_regions_are_written_as_the_picture_is_stored_and_read_upright(orientation: int) -> None:
    frame = Frame(400, 300, orientation)
    packet = Packet(written(None, saying(regions=(ALICE,)), frame=frame).replace(b"WroteName", b"Other"))
    assert f'stDim:w="{300 if orientation > 4 else 400}"'.encode() in bytes(packet)
    (region,) = read_saying(packet, frame).regions
    assert region.box.overlap(ALICE.box) > 0.999


def test_regions_that_apply_to_the_upright_size_are_taken_as_upright() -> None:
    wrong = written(None, saying(regions=(ALICE,)), frame=Frame(400, 300, 1)).replace(b"WroteName", b"Other")
    (region,) = read_saying(Packet(wrong), Frame(400, 300, 6)).regions
    assert region.box.overlap(ALICE.box) > 0.999


def test_faces_of_windows_photo_gallery_are_read() -> None:
    xmp = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
      xmlns:MP="http://ns.microsoft.com/photo/1.2/" xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#"
      xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#"><MP:RegionInfo><rdf:Description><MPRI:Regions><rdf:Bag>
      <rdf:li MPReg:Rectangle="0.1, 0.2, 0.2, 0.3" MPReg:PersonDisplayName="Alice"/>
      <rdf:li MPReg:PersonDisplayName="without a place"/><rdf:li MPReg:Rectangle="nan, 0, 1" />
      </rdf:Bag></MPRI:Regions></rdf:Description></MP:RegionInfo></rdf:Description></rdf:RDF>"""
    assert read_saying(Packet(xmp), FRAME).regions == (ALICE,)


BOMB = b'<!DOCTYPE x [<!ENTITY a "' + b"ha" * 50 + b'"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
BAD = {
    "nothing": (b"", "empty"),
    "zeros": (b"\0" * 100, "broken"),
    "space": (b" \n", "empty"),
    "text": (b"buy film", "broken"),
    "cut": (FOREIGN[:800], "broken"),
    "garbage": (bytes(range(256)) * 4, "broken"),
    "no xmp": (b"<html><body/></html>", "holds no XMP"),
    "wrong namespace": (FOREIGN.replace(b"22-rdf-syntax-ns#", b"22-other#"), "holds no XMP"),
    "bomb": (BOMB, "document type"),
    "bomb in UTF-16": (BOMB.decode().encode("utf-16"), "document type"),
    "outside": (OUTSIDE, "document type"),
    "hidden in UTF-7": (b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-<x/>', "encoding"),
    "deep": (b"<a>" * 5000 + b"</a>" * 5000, "broken"),
    "two roots": (b"<a/><b/>", "broken"),
    "undeclared prefix": (b"<x:xmpmeta/>", "broken"),
    "huge": (b" " * (MOST_BYTES + 1), "larger than"),
}


@pytest.mark.parametrize(("data", "sentence"), BAD.values(), ids=BAD)
def test_bad_xmp_is_a_sentence_and_the_file_is_left_alone(data: bytes, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "a.jpg.xmp"
    file.write_bytes(data)
    with pytest.raises(PhotoError, match=sentence) as caught:
        read_sidecar(file)
    assert caught.value.path == file
    assert file.read_bytes() == data


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(FOREIGN)), st.integers(0, 300))
def test_damaged_xmp_never_crashes(junk: bytes, at: int, skip: int) -> None:
    try:
        packet = Packet(FOREIGN[:at] + junk + FOREIGN[at + skip :])
    except BadXmp:
        return
    read_saying(packet, FRAME)
    write_saying(packet, saying("animal|dog", rating=1, regions=(ALICE,)), FRAME)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_xmp_is_read_in_every_encoding_of_unicode(encoding: str) -> None:
    text = FOREIGN.decode().replace('<?xml version="1.0" encoding="UTF-8"?>\n', "")
    assert read_saying(Packet(text.encode(encoding)), FRAME).rating == 3


def test_a_sidecar_is_found_under_the_names_that_programs_give_it(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.jpg.xmp", "b.JPG", "b.xmp", "c.jpg", "c.dng", "C.xmp", "d.jpg", "D.JPG.XMP", "e.jpg"):
        (tmp_path / name).touch()
    beside = Beside.of(tmp_path)
    found = {name: [each.name for each in beside.sidecars(tmp_path / name)] for name in ("a.jpg", "b.JPG", "c.jpg")}
    assert found == {"a.jpg": ["a.jpg.xmp"], "b.JPG": ["b.xmp"], "c.jpg": []}  # c.xmp is the raw file's
    assert [each.name for each in beside.sidecars(tmp_path / "d.jpg")] == ["D.JPG.XMP"]
    assert beside.sidecars(tmp_path / "e.jpg") == []
    assert new_sidecar(tmp_path / "e.jpg").name == "e.jpg.xmp"
    assert Beside.of(tmp_path / "gone").sidecars(tmp_path / "gone" / "a.jpg") == []


def test_a_sidecar_is_written_whole_with_the_rights_of_the_photo_and_through_a_link(tmp_path: Path) -> None:
    photo, file, link = tmp_path / "a.jpg", tmp_path / "real.xmp", tmp_path / "a.jpg.xmp"
    photo.touch(mode=0o640)
    write_sidecar(file, Packet(), photo)
    assert file.stat().st_mode & 0o777 == 0o640
    file.chmod(0o604)
    link.symlink_to(file)
    write_sidecar(link, Packet(FOREIGN), photo)
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o604
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.jpg", "a.jpg.xmp", "real.xmp"]
    with pytest.raises(PhotoError, match="cannot be written"):
        write_sidecar(tmp_path / "none" / "a.xmp", Packet(), photo)


def test_a_pipe_is_no_sidecar(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "a.jpg.xmp")
    with pytest.raises(PhotoError, match="ordinary file"):
        read_sidecar(tmp_path / "a.jpg.xmp")


def test_words_of_any_kind_survive_xml() -> None:
    odd = ("<&>\"'", "Straße", "日本", "a b", "🐕", "']]>")
    packet = Packet(written(None, saying(*odd)))
    assert packet.texts("dc:subject") == list(odd)


def test_what_xml_cannot_hold_is_left_out() -> None:
    packet = Packet(written(None, saying("a\x00b\x0bc", "\x01", regions=(Region("\x02", ALICE.box),))))
    assert packet.texts("dc:subject") == ["abc"]
    assert b"Regions" not in bytes(packet)


def test_words_are_taken_back_from_each_list_that_a_program_made_of_one() -> None:
    once = written(None, saying("dog", "cat"))
    twice = once.replace(b"<rdf:li>cat", b"</rdf:Bag></dc:subject><dc:subject xmlns:dc='http://purl.org/dc/elements/1.1/'>"
                         b"<rdf:Bag><rdf:li>cat", 1)  # fmt: skip
    assert Packet(twice).texts("dc:subject") == ["dog", "cat"]
    assert b"subject" not in written(twice, XmpContent())


def test_no_scan_and_no_watch_looks_at_what_an_export_writes() -> None:
    from indexer.intake.names import may_be_photo

    assert not may_be_photo("IMG_1.jpg.xmp")
    assert not may_be_photo(".indexer-8f3a.tmp")
