"""A picture that somebody brings, duplicates, tags, and a scan that is started and watched in the browser."""

from __future__ import annotations

import re
from base64 import b64encode
from io import BytesIO
from pathlib import Path

from chromium import Watched
from library_shown import original
from playwright.sync_api import Page, expect
from server_shown import Home, Served

_DROP = """([name, type, data]) => {
    const bytes = Uint8Array.from(atob(data), each => each.charCodeAt(0))
    const brought = new DataTransfer()
    brought.items.add(new File([bytes], name, {type}))
    for (const kind of ['dragenter', 'dragover', 'drop'])
        document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: brought, bubbles: true, cancelable: true}))
}"""
_STOPPABLE = """() => {
    const [stop, scan] = ['#stop', '#scan'].map(each => document.querySelector(each))
    window.stoppable = new Promise(tell =>
        new MutationObserver(() => stop.checkVisibility() && scan.disabled && tell(true))
            .observe(document.body, {subtree: true, attributes: true}))
}"""  # for however short a time


def picture(name: str) -> bytes:
    """Return a picture as the bytes of a file that the library does not have."""
    file = BytesIO()
    original(name).save(file, "WEBP", quality=70)
    return file.getvalue()


def drop(page: Page, name: str, kind: str, data: bytes) -> None:
    """Drop a file on the page."""
    page.wait_for_load_state("load")
    page.evaluate(_DROP, [name, kind, b64encode(data).decode()])


def test_a_dropped_picture_is_looked_at_and_its_faces_are_found_in_the_library(reading: Served, page: Page) -> None:
    page.goto(f"{reading.address}/tags")
    drop(page, "somebody.webp", "image/webp", picture("astronaut"))
    page.wait_for_url(f"{reading.address}/look")
    expect(page.get_by_text("somebody.webp")).to_be_visible()
    who = page.get_by_role("region", name="Who is this?")
    expect(who.get_by_role("heading", name="Face 1: probably Eileen")).to_be_visible(timeout=30_000)
    expect(who.get_by_role("link", name=re.compile("^Eileen in ")).first).to_be_visible()
    expect(page.get_by_role("img", name="The picture that you chose")).to_be_visible()
    expect(page.get_by_role("group", name="Faces in the picture").get_by_role("link")).to_have_count(1)
    drop(page, "cup.webp", "image/webp", picture("coffee"))
    what = page.get_by_role("region", name="What is this?")
    expect(what.get_by_role("link", name="espresso").first).to_be_visible(timeout=30_000)
    words = {each["name"] for each in reading.get("tags?limit=1000")["tags"]}
    what.get_by_text("Classes by model").click()
    assert set(what.get_by_role("link").all_inner_texts()) <= words
    assert what.get_by_role("listitem").count() > what.get_by_role("link").count()
    expect(who.get_by_text("No face was found in this picture.")).to_be_visible()
    what.get_by_role("link", name="espresso").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2 photos")


def test_a_picture_is_chosen_and_what_is_none_is_told(
    reading: Served, page: Page, watched: Watched, tmp_path: Path
) -> None:
    page.goto(f"{reading.address}/look")
    (tmp_path / "cat.webp").write_bytes(picture("chelsea"))
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Choose a picture").click()
    chosen.value.set_files(tmp_path / "cat.webp")
    what = page.get_by_role("region", name="What is this?")
    expect(what.get_by_role("link", name=re.compile("cat")).first).to_be_visible(timeout=30_000)
    watched.expected.append("status of 4")
    drop(page, "notes.txt", "text/plain", b"milk, bread")
    expect(what.get_by_role("alert")).to_contain_text(
        re.compile("not a picture|no picture|cannot be read", re.IGNORECASE)
    )


def test_duplicates_stand_side_by_side_with_the_best_first(reading: Served, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{reading.address}/duplicates")
    group = page.get_by_role("region", name="coffee.jpg, 2 copies")
    copies = group.get_by_role("listitem")
    expect(copies.first).to_contain_text("best")
    expect(copies.first).to_contain_text("600 × 400")
    expect(copies.nth(1)).to_contain_text("99 % similar")
    expect(copies.nth(1)).to_contain_text("420 × 280")
    group.get_by_role("button", name="Copy the path of coffee small.jpg").click()
    expect(page.get_by_text("Path copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").endswith("/copies/coffee small.jpg")
    group.get_by_role("link", name="coffee small.jpg").click()
    expect(page.get_by_role("main")).to_contain_text("coffee small.jpg")
    page.goto(f"{reading.address}/duplicates")
    page.get_by_role("link", name="Identical files").click()
    expect(page.get_by_role("heading", name="No duplicates")).to_be_visible()


def test_tags_are_filtered_as_one_types_and_lead_to_their_photos(reading: Served, page: Page) -> None:
    page.goto(f"{reading.address}/tags")
    listed = page.get_by_role("main").get_by_role("listitem")
    before = listed.count()
    page.get_by_label("Filter tags").fill("CAT")
    expect(listed).to_have_count(1)
    assert before > 20
    page.get_by_label("Filter tags").fill("zebra crossing")
    expect(page.get_by_text("No tag contains this text.")).to_be_visible()
    page.get_by_label("Filter tags").fill("")
    expect(listed).to_have_count(before)
    page.get_by_role("main").get_by_role("link", name=re.compile("^coffee")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2 photos")


def test_a_scan_is_started_by_a_button_and_seen_to_its_end(writing: Served, scanned: Home, page: Page) -> None:
    page.goto(f"{writing.address}/status")
    photos = page.get_by_text("photos", exact=True).locator("xpath=following-sibling::dd")
    expect(photos).to_have_text("20")
    new = scanned.photos / "new cup.jpg"
    try:
        original("coffee").crop((50, 20, 550, 380)).save(new, quality=85)
        page.evaluate(_STOPPABLE)
        page.get_by_role("button", name="Scan now").click()
        assert page.evaluate("window.stoppable")
        scan = page.get_by_role("region", name="Scan")
        expect(scan).to_contain_text(re.compile("Done, .*: 1 indexed, 20 unchanged"), timeout=60_000)
        expect(photos).to_have_text("21")
        expect(page.get_by_role("button", name="Scan now")).to_be_enabled()
        expect(page.get_by_role("button", name="Stop")).to_be_hidden()
        page.goto(writing.address)
        expect(page.get_by_role("link", name=re.compile("^new cup.jpg"))).to_be_visible()
    finally:
        new.unlink()


def test_failures_are_told_by_reason_and_tried_again(writing: Served, page: Page) -> None:
    page.goto(f"{writing.address}/status")
    failures = page.get_by_role("region", name="Failures")
    expect(failures.get_by_role("link")).to_have_count(0)
    failures.get_by_text("the file ends too early").click()
    expect(failures.get_by_role("link", name=re.compile("broken.jpg"))).to_be_visible()
    failures.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("Retrying failed photos.")).to_be_visible()
    expect(page.get_by_role("region", name="Scan")).to_contain_text(re.compile("Done, .*1 failed"), timeout=60_000)
    expect(failures.get_by_role("link", name=re.compile("broken.jpg"))).to_be_visible()  # what was open stays open
