"""The page of a photo: neighbors, faces and their nearest, tags, stars, hiding, what the file says, the file itself."""

from __future__ import annotations

import re

from chromium import PHONE, Watched, opened
from library_shown import WORD
from playwright.sync_api import Browser, Page, expect
from server_shown import Served


def open_photo(page: Page, served: Served, name: str, more: str = "") -> int:
    """Open the page of a photo by a part of its path; return its number."""
    number = served.photo(name)
    page.goto(f"{served.address}/photos/{number}{more}")
    return number


def tags(served: Served, photo: int) -> list[str]:
    """Return the names of a photo's tags."""
    return [each["name"] for each in served.get(f"photos/{photo}")["tags"]]


def test_arrows_lead_to_the_neighbors_and_escape_leads_back(reading: Served, page: Page) -> None:
    page.goto(reading.address)
    page.get_by_role("link", name=re.compile("^chelsea")).click()
    main = page.get_by_role("main")
    for key, name in [("ArrowRight", "coffee.jpg"), ("ArrowLeft", "chelsea.jpg"), ("ArrowLeft", "astronaut.jpg")]:
        page.wait_for_load_state("load")
        page.keyboard.press(key)
        expect(main).to_contain_text(name)
    expect(page.get_by_role("link", name="Previous photo")).to_have_count(0)
    page.get_by_role("link", name="Next photo").click()
    expect(main).to_contain_text("chelsea.jpg")
    page.wait_for_load_state("load")
    page.keyboard.press("Escape")
    page.wait_for_url(f"{reading.address}/")
    expect(page.get_by_role("link", name=re.compile("^chelsea"))).to_be_focused()


def test_a_click_on_a_face_shows_the_most_alike(reading: Served, page: Page) -> None:
    number = open_photo(page, reading, "astronaut.jpg")
    pictured = page.get_by_role("group", name="Faces and objects in the picture")
    pictured.get_by_role("link", name=re.compile("Eileen")).locator("rect").click()
    expect(page.get_by_role("combobox", name="Not Eileen: who is this?")).to_be_focused()
    alike = page.get_by_role("link", name=re.compile(r"^Eileen in portrait \d.jpg, the same person: very likely"))
    expect(alike).to_have_count(3)
    page.reload()
    expect(alike).to_have_count(3)  # the address says which face
    page.get_by_role("button", name="Close").click()
    expect(alike).to_have_count(0)
    assert page.url.partition("?")[0].endswith(f"/photos/{number}")
    assert "face=" not in page.url
    page.keyboard.press("f")
    expect(pictured).to_be_hidden()
    page.keyboard.press("f")
    expect(pictured).to_be_visible()


def test_boxes_lie_over_the_faces(reading: Served, page: Page) -> None:
    number = open_photo(page, reading, "astronaut.jpg")
    photo = reading.get(f"photos/{number}")
    (face,) = photo["faces"]
    frame = page.locator("#picture").bounding_box()
    drawn = page.get_by_role("group", name="Faces and objects in the picture").locator("rect").last.bounding_box()
    assert frame is not None
    assert drawn is not None
    scale = min(frame["width"] / photo["width"], frame["height"] / photo["height"])
    left = frame["x"] + (frame["width"] - scale * photo["width"]) / 2
    top = frame["y"] + (frame["height"] - scale * photo["height"]) / 2
    assert abs(drawn["x"] - (left + face["box"]["left"] * photo["width"] * scale)) < 5
    assert abs(drawn["y"] - (top + face["box"]["top"] * photo["height"] * scale)) < 5
    assert abs(drawn["width"] - face["box"]["width"] * photo["width"] * scale) < 10


def test_who_is_in_a_photo_is_said_there(writing: Served, page: Page) -> None:
    number = open_photo(page, writing, "portrait 1.jpg")
    page.get_by_role("region", name="People").get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Who is this?")).to_be_focused()
    page.keyboard.type("Eileen Collins")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is Eileen Collins.").last).to_be_visible()
    assert writing.get(f"photos/{number}")["faces"][0]["name"] == "Eileen Collins"
    expect(page.get_by_role("region", name="People").get_by_role("link", name=re.compile("Eileen"))).to_be_visible()
    face = page.get_by_role("combobox", name="Not Eileen Collins: who is this?")
    face.fill("Her Sister")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This is Her Sister.").last).to_be_visible()
    assert writing.get(f"photos/{number}")["faces"][0]["name"] == "Her Sister"
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone:")).to_be_visible()
    assert writing.get(f"photos/{number}")["faces"][0]["name"] == "Eileen Collins"


def test_own_tags_are_added_taken_away_and_given_back(writing: Served, page: Page) -> None:
    number = open_photo(page, writing, "coffee.jpg")
    page.get_by_role("combobox", name="Add a tag").fill("breakfast on Sunday")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="breakfast on Sunday")).to_be_visible()
    assert "breakfast on Sunday" in tags(writing, number)
    page.get_by_role("button", name="Remove breakfast on Sunday").click()
    expect(page.get_by_role("link", name="breakfast on Sunday")).to_have_count(0)
    page.get_by_role("button", name="Remove espresso").click()
    back = page.get_by_role("button", name="Restore espresso")
    expect(back).to_be_visible()
    assert not {"breakfast on Sunday", "espresso"} & set(tags(writing, number))
    back.click()
    expect(page.get_by_role("button", name="Remove espresso")).to_be_visible()
    assert "espresso" in tags(writing, number)
    page.get_by_role("combobox", name="Add a tag").fill("mot")
    page.get_by_role("option", name=re.compile("motorcycle")).click()
    expect(page.get_by_role("button", name="Remove motorcycle")).to_be_visible()
    assert "motorcycle" in tags(writing, number)


def test_stars_are_given_by_click_and_by_keys_and_arrows_always_walk(writing: Served, page: Page) -> None:
    number = open_photo(page, writing, "coffee.jpg", "?sort=date&at=2")

    def held() -> int:
        return int(writing.get(f"photos/{number}")["rating"] or 0)

    stars = page.get_by_role("group", name="Your rating")
    four, five = stars.get_by_role("button", name="4 stars"), stars.get_by_role("button", name="5 stars")
    four.click()
    expect(four).to_have_attribute("aria-pressed", "true")
    assert held() == 4
    page.keyboard.press("5")
    expect(five).to_have_attribute("aria-pressed", "true")
    expect(four).to_have_attribute("aria-pressed", "false")
    assert held() == 5
    five.click()
    expect(five).to_have_attribute("aria-pressed", "false")
    assert held() == 0
    page.keyboard.press("3")
    expect(stars.get_by_role("button", pressed=True)).to_have_accessible_name("3 stars")
    page.keyboard.press("0")
    expect(stars.get_by_role("button", pressed=True)).to_have_count(0)
    expect(five).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("main")).to_contain_text("chelsea.jpg")
    assert held() == 0


def test_a_swipe_leads_to_the_next_photo_and_back(reading: Served, browser: Browser, watched: Watched) -> None:
    with opened(browser, watched, viewport=PHONE, has_touch=True, is_mobile=True) as page:
        open_photo(page, reading, "chelsea.jpg", "?sort=date&at=1")
        fingers = page.context.new_cdp_session(page)
        for start, end, said in [(320, 60, "3 of 19"), (60, 320, "2 of 19")]:
            page.wait_for_load_state("load")
            for step in range(6):
                place = {"x": start + (end - start) * step / 5, "y": 220 + step}
                kind = "touchMove" if step else "touchStart"
                fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
            fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
            expect(page.get_by_text(said)).to_be_visible()


def test_a_photo_is_hidden_from_searches_and_shown_again(writing: Served, page: Page) -> None:
    number = open_photo(page, writing, "coffee.jpg")
    page.get_by_role("button", name="Hide").click()
    expect(page.get_by_role("button", name="Hidden", pressed=True)).to_be_visible()
    assert number not in [hit["photo"] for hit in writing.get("search?q=coffee")["hits"]]
    page.goto(f"{writing.address}/photos/{number}")
    page.get_by_role("button", name="Hidden").click()
    expect(page.get_by_role("button", name="Hide", pressed=False)).to_be_visible()
    assert number in [hit["photo"] for hit in writing.get("search?q=coffee")["hits"]]


def test_stars_words_and_hiding_are_taken_back_by_the_button_or_the_keys_and_given_again(
    writing: Served, page: Page
) -> None:
    number = open_photo(page, writing, "coffee.jpg")
    stars = page.get_by_role("group", name="Your rating")
    stars.get_by_role("button", name="4 stars").click()
    expect(page.get_by_text("Rated 4 stars.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: Rated coffee.jpg 4 stars")).to_be_visible()
    assert writing.get(f"photos/{number}")["rating"] is None
    page.get_by_role("button", name="Redo").click()
    expect(page.get_by_text("Redone: Rated coffee.jpg 4 stars")).to_be_visible()
    expect(stars.get_by_role("button", pressed=True)).to_have_accessible_name("4 stars")
    page.get_by_role("combobox", name="Add a tag").fill("breakfast")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Added breakfast")).to_be_visible()
    page.get_by_role("button", name="Hide").click()
    expect(page.get_by_role("button", name="Hidden", pressed=True)).to_be_visible()
    for told in ("Hid coffee.jpg", "Tagged coffee.jpg 'breakfast'", "Rated coffee.jpg 4 stars"):
        page.get_by_role("heading", level=1).click()
        page.keyboard.press("Control+z")
        expect(page.get_by_text(f"Undone: {told}")).to_be_visible()
    known = writing.get(f"photos/{number}")
    assert (known["rating"], known["hidden"], known["own_tags"]) == (None, False, [])


def test_what_the_file_says_is_told_and_a_place_only_where_there_is_one(reading: Served, page: Page) -> None:
    open_photo(page, reading, "tower at noon")
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 October 2021")
    expect(page.get_by_role("region", name="Details")).to_contain_text("427 × 640")
    where = page.get_by_role("region", name="Location")
    expect(where).to_contain_text("48.85")
    expect(where).to_contain_text("2.29")
    where.get_by_role("link", name="Photos nearby").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 photo")
    open_photo(page, reading, "coffee.jpg")
    expect(page.get_by_role("region", name="Details")).to_be_visible()
    expect(page.get_by_role("region", name="Location")).to_have_count(0)


def test_why_there_are_tags_is_told_and_alike_photos_are_shown(reading: Served, page: Page) -> None:
    open_photo(page, reading, "coffee.jpg")
    page.get_by_text("Why these tags").click()
    expect(page.get_by_role("heading", name=re.compile("^espresso"))).to_be_visible()
    expect(page.get_by_role("meter", name="espresso").first).to_be_visible()
    alike = page.get_by_role("group", name="Similar photos").get_by_role("link").first
    expect(alike).to_have_accessible_name(re.compile("^coffee small.jpg"))
    expect(page.get_by_role("link", name=WORD)).to_be_visible()
    page.get_by_role("link", name=WORD).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 photo")


def test_the_original_opens_as_it_is(reading: Served, page: Page, watched: Watched) -> None:
    open_photo(page, reading, "coffee.jpg")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open the original").click()
    original = opened.value
    original.wait_for_load_state()
    assert original.url.endswith("/original")
    assert original.evaluate("[document.images[0].naturalWidth, document.images[0].naturalHeight]") == [600, 400]


def test_a_broken_photo_says_what_is_wrong_with_it(reading: Served, page: Page) -> None:
    page.goto(f"{reading.address}/status")
    failures = page.get_by_role("region", name="Failures")
    failures.get_by_text("the file ends too early").click()
    failures.get_by_role("link", name=re.compile("broken.jpg")).click()
    expect(page.get_by_text("This photo could not be analyzed: the file ends too early")).to_be_visible()
