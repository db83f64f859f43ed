"""People are named, merged, split, moved and hidden in the browser; what is said there, the library holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from chromium import Watched
from library_shown import NAME
from playwright.sync_api import Page, expect
from server_shown import Served


def names(served: Served, hidden: bool = False) -> dict[int, str | None]:
    """Return the names of people by their numbers, as the API tells them."""
    people = served.get(f"people?hidden={'true' if hidden else 'false'}")["people"]
    return {each["person"]: each["name"] for each in people}


def faces(served: Served, person: int) -> list[int]:
    """Return the numbers of a person's faces."""
    return sorted(each["face"] for each in served.get(f"people/{person}")["faces"])


def test_people_are_named_where_they_are_shown_one_after_the_other(writing: Served, page: Page) -> None:
    page.goto(f"{writing.address}/people")
    first, second = page.get_by_label("Name of person 1"), page.get_by_label("Name of person 2")
    first.click()
    page.keyboard.type("Eileen Collins")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Named Eileen Collins.")).to_be_visible()
    expect(second).to_be_focused()
    assert names(writing) == {1: "Eileen Collins", 2: None}
    page.reload()
    expect(first).to_have_value("Eileen Collins")
    first.fill("nobody")
    page.keyboard.press("Escape")
    expect(first).to_have_value("Eileen Collins")
    assert names(writing)[1] == "Eileen Collins"


@pytest.mark.parametrize("how", ["by the button", "by the keys", "by the keys at the grid"])
def test_two_who_are_one_are_merged_and_that_is_undone(how: str, writing: Served, page: Page) -> None:
    before = faces(writing, 1), faces(writing, 2)
    page.goto(f"{writing.address}/people")
    page.get_by_role("button", name="Select").click()
    page.get_by_role("checkbox", name="Person 2").click()
    page.get_by_role("checkbox", name="Person 1").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("toolbar", name="Selected people")).to_contain_text("2 people")
    page.get_by_role("button", name="Merge").click()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    assert list(names(writing)) == [2]
    assert faces(writing, 2) == sorted(before[0] + before[1])
    if how == "by the button":
        undo.click()
    else:
        if how == "by the keys at the grid":
            page.goto(writing.address)
        page.get_by_role("heading", level=1).click()
        page.keyboard.press("Control+z")
    expect(page.get_by_text("Undone:")).to_be_visible()
    assert (faces(writing, 1), faces(writing, 2)) == before


def test_who_gets_a_name_that_another_has_is_asked_whether_they_are_one(
    writing: Served, page: Page, watched: Watched
) -> None:
    watched.expected.append("status of 409")
    page.goto(f"{writing.address}/people/1")
    page.get_by_label("Name", exact=True).fill("Grace")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Grace")
    page.goto(f"{writing.address}/people/2")
    page.get_by_label("Name", exact=True).fill("Grace")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="“Grace” already exists")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert names(writing) == {1: "Grace", 2: None}
    page.get_by_role("button", name="Save").click()
    dialog.get_by_role("button", name="Merge").click()
    page.wait_for_url(f"{writing.address}/people")
    expect(page.get_by_text("Merged into Grace.")).to_be_visible()
    assert list(names(writing).values()) == ["Grace"]


def test_faces_that_are_someone_elses_are_split_off_or_moved(writing: Served, page: Page) -> None:
    own = faces(writing, 1)
    page.goto(f"{writing.address}/people/1")
    toolbar = page.get_by_role("toolbar", name="Selected faces")
    expect(toolbar).to_be_hidden()
    page.get_by_role("checkbox", name="Select face 1").check()
    page.get_by_role("checkbox", name="Select face 2").check()
    expect(toolbar).to_contain_text("2 faces")
    page.get_by_role("button", name="Not this person").click()
    expect(page.get_by_text("2 faces split off as a new person.")).to_be_visible()
    assert len(faces(writing, 1)) == len(own) - 2
    (new,) = set(names(writing)) - {1, 2}
    assert len(faces(writing, new)) == 2
    page.goto(f"{writing.address}/people/{new}")
    page.get_by_role("checkbox", name="Select face 1").check()
    page.get_by_role("combobox", name="Person to move the faces to").fill("Somebody Else")
    page.get_by_role("button", name="Move").click()
    expect(page.get_by_text("1 face moved to Somebody Else.")).to_be_visible()
    assert "Somebody Else" in names(writing).values()
    assert len(faces(writing, new)) == 1


def test_faces_that_may_be_somebodys_become_theirs_or_are_refused(writing: Served, page: Page) -> None:
    own = faces(writing, 1)
    with closing(sqlite3.connect(writing.library)) as library, library:
        library.executemany("DELETE FROM person_faces WHERE face_id = ?", [(face,) for face in own[:2]])
    page.goto(f"{writing.address}/people/1")
    maybe = page.get_by_role("region", name="Maybe also Person 1")
    listed = maybe.get_by_role("listitem")
    expect(listed).to_have_count(2)
    maybe.get_by_role("button", name="No, not Person 1").first.click()
    expect(page.get_by_text("Face rejected for Person 1.")).to_be_visible()
    expect(listed).to_have_count(1)
    page.reload()
    expect(listed).to_have_count(1)
    maybe.get_by_role("button", name="Yes, this is").click()
    expect(page.get_by_text("Face assigned to Person 1.")).to_be_visible()
    expect(maybe).to_be_hidden()
    assert len(faces(writing, 1)) == len(own) - 1


def test_a_person_is_hidden_and_shown_again(writing: Served, page: Page) -> None:
    page.goto(f"{writing.address}/people")
    page.get_by_role("button", name="Hide person 2").click()
    expect(page.get_by_text("Person 2 is hidden.")).to_be_visible()
    expect(page.get_by_label("Name of person 2")).to_have_count(0)
    assert list(names(writing)) == [1]
    page.get_by_role("link", name="Show hidden").click()
    page.get_by_role("button", name="Show person 2").click()
    expect(page.get_by_text("Person 2 is shown again.")).to_be_visible()
    assert sorted(names(writing)) == [1, 2]


def test_new_faces_are_grouped_at_a_click(writing: Served, page: Page) -> None:
    page.goto(f"{writing.address}/people")
    page.get_by_role("button", name="Group new faces").click()
    expect(page.get_by_text("0 faces joined existing people")).to_be_visible()


def test_names_that_try_to_be_html_are_text(reading: Served, page: Page) -> None:
    page.goto(f"{reading.address}/people/2")
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    page.goto(f"{reading.address}/people")
    expect(page.get_by_label("Name of person 2")).to_have_value(NAME)
    page.get_by_role("combobox", name="Search photos").fill("Grace")
    expect(page.get_by_role("option").filter(has_text="onerror")).to_contain_text(NAME)
    assert page.evaluate("document.querySelectorAll('img[onerror]').length") == 0
