// The page of all people: names in place, hiding, several that are one, grouping of new faces, undo.

import { post } from "./api.js";
import { $, $$, count, say, tried } from "./dom.js";
import { nameThem } from "./name.js";
import { done } from "./undo.js";
import { suggestPeople } from "./who.js";

const label = (card) => card.dataset.name || `Person ${card.dataset.person}`;

function naming(card) {
  const input = $(".name", card);
  let saving = false; // leaving the field, for the question too, would save once more
  const save = async (name) => {
    const wanted = name.trim();
    if (saving || wanted === card.dataset.name) return;
    saving = true;
    const agreed = await tried(() => nameThem(card.dataset.person, wanted));
    saving = false;
    if (agreed) {
      card.dataset.name = input.value = wanted;
      if (agreed === "merged") done(`Merged into ${wanted}.`);
      else done(wanted ? `Named ${wanted}.` : "Name removed.", { reload: false });
    } else input.value = card.dataset.name;
  };
  input.addEventListener("focus", () => {
    if (input.dataset.ready) return;
    input.dataset.ready = "yes";
    suggestPeople(input, (choice) => save((input.value = choice.text)), Number(card.dataset.person));
  }, { once: true });
  $(".name-form", card).addEventListener("submit", (event) => {
    event.preventDefault();
    save(input.value);
    const next = card.nextElementSibling && $(".name", card.nextElementSibling);
    if (next && !next.value) next.focus();
    else input.blur();
  });
  input.addEventListener("change", () => setTimeout(() => input.matches(":focus") || save(input.value), 200));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    input.value = card.dataset.name;
    input.blur();
  });
}

function hiding(card) {
  $(".hide", card).addEventListener("click", () => tried(async () => {
    const hide = card.dataset.hidden !== "yes";
    await post(`people/${card.dataset.person}/hide`, { hidden: hide });
    done(hide ? `${label(card)} is hidden.` : `${label(card)} is shown again.`);
  }));
}

function selecting() {
  const [list, button, bar] = [$("#people"), $("#select"), $("#selected")];
  if (!list || !button) return;
  const chosen = []; // in the order of choice: the first keeps number and name
  const cards = $$(".person", list);
  const tell = () => {
    bar.hidden = !chosen.length;
    $("#selected-count").textContent = count(chosen.length, "person", "people");
    $("#merge").disabled = chosen.length < 2;
    for (const card of cards) {
      const isIn = chosen.includes(card);
      card.classList.toggle("is-selected", isIn);
      if (list.classList.contains("selecting")) $(".cover", card).setAttribute("aria-checked", String(isIn));
    }
  };
  const mode = (on) => {
    list.classList.toggle("selecting", on);
    button.setAttribute("aria-pressed", String(on));
    for (const card of cards) {
      const cover = $(".cover", card);
      $(".name-form", card).inert = on;
      for (const [name, value] of [["role", "checkbox"], ["aria-checked", "false"]]) on ? cover.setAttribute(name, value) : cover.removeAttribute(name);
    }
    chosen.length = 0;
    tell();
    say(on ? "Select the people to merge" : "Nobody is selected");
  };
  const toggle = (card) => {
    const place = chosen.indexOf(card);
    if (place < 0) chosen.push(card);
    else chosen.splice(place, 1);
    tell();
  };
  list.addEventListener("click", (event) => {
    const cover = event.target.closest(".cover");
    if (!cover || !list.classList.contains("selecting")) return;
    event.preventDefault();
    toggle(cover.closest(".person"));
  });
  list.addEventListener("keydown", (event) => {
    if (event.key !== " " || !event.target.matches(".cover[role=checkbox]")) return;
    event.preventDefault();
    toggle(event.target.closest(".person"));
  });
  button.addEventListener("click", () => mode(!list.classList.contains("selecting")));
  $("#unselect").addEventListener("click", () => (mode(false), button.focus()));
  document.addEventListener("keydown", (event) => event.key === "Escape" && list.classList.contains("selecting") && mode(false));
  $("#merge").addEventListener("click", () => tried(async () => {
    const named = chosen.filter((card) => card.dataset.name);
    const order = [...named, ...chosen.filter((card) => !card.dataset.name)];
    await post("people/merge", { people: order.map((card) => Number(card.dataset.person)) });
    done(`${count(chosen.length, "person", "people")} merged into ${label(order[0])}.`);
  }));
}

function clustering() {
  const button = $("#cluster");
  button?.addEventListener("click", async () => {
    button.disabled = true;
    say("Grouping faces");
    const made = await tried(() => post("people/cluster"));
    button.disabled = false;
    if (made) done(`${count(made.joined, "face")} joined existing people, ${made.grouped.toLocaleString("en")} became ${count(made.people, "new person", "new people")}.`);
  });
}

for (const card of $$(".person")) {
  naming(card);
  hiding(card);
}
selecting();
clustering();
