// The page of one person: the name, hiding, faces that are somebody else's, and faces that may be theirs.

import { get, post } from "./api.js";
import { $, $$, count, el, faceThumbnail, fileName, icon, mayWrite, nameOf, percent, tried } from "./dom.js";
import { nameThem } from "./name.js";
import { done, undoKeys } from "./undo.js";
import { suggestPeople } from "./who.js";

const page = $("#person");
const person = Number(page.dataset.person);
const label = page.dataset.name || `Person ${person}`;
const ALIKE = 24;
const ASKED = 3; // faces of this person that are asked for their nearest

function renaming() {
  const form = $("#rename");
  const save = (name) => tried(async () => {
    const agreed = await nameThem(person, name.trim());
    if (agreed === "merged") done(`${name.trim()} is one person now.`, { to: "/people" });
    else if (agreed) done(name.trim() ? `This is ${name.trim()}.` : "The name is gone.");
  });
  suggestPeople(form.elements.name, (choice) => save(choice.text), person);
  form.addEventListener("submit", (event) => (event.preventDefault(), save(form.elements.name.value)));
  $("#hide").addEventListener("click", () => tried(async () => {
    const hide = page.dataset.hidden !== "yes";
    await post(`people/${person}/hide`, { hidden: hide });
    done(hide ? `${label} is hidden.` : `${label} is shown again.`);
  }));
}

function selecting() {
  const boxes = $$("#faces .pick input");
  const marked = () => boxes.filter((box) => box.checked);
  const numbers = () => marked().map((box) => Number(box.value));
  let last = null;
  const tell = () => {
    for (const box of boxes) box.closest(".face-card").classList.toggle("is-selected", box.checked);
    $("#selected").hidden = !marked().length;
    $("#selected-count").textContent = count(marked().length, "face");
  };
  for (const box of boxes) {
    box.addEventListener("click", (event) => {
      if (event.shiftKey && last) {
        const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((one, other) => one - other);
        for (const each of boxes.slice(from, to + 1)) each.checked = box.checked;
      }
      last = box;
      tell();
    });
  }
  const clear = () => {
    for (const box of boxes) box.checked = false;
    tell();
  };
  $("#unselect").addEventListener("click", clear);
  document.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && marked().length && clear());
  const move = (to) => tried(async () => {
    const moved = count(numbers().length, "face");
    await post("faces/move", { faces: numbers(), to });
    done(`${moved} moved to ${to}.`);
  });
  const form = $("#move");
  suggestPeople(form.elements.to, (choice) => move(choice.text), person);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const to = form.elements.to.value.trim();
    if (to) move(to);
    else form.elements.to.focus();
  });
  $("#split").addEventListener("click", () => tried(async () => {
    const all = numbers();
    await post(`people/${person}/split`, { faces: all });
    done(`${count(all.length, "face")} became a person of their own.`, boxes.length === all.length ? { to: "/people" } : {});
  }));
  tell();
}

/** Faces of others that are near to some of this person's. */
async function others() {
  const own = $$("#faces .face-card").map((card) => Number(card.dataset.face)).slice(0, ASKED);
  const found = await Promise.all(own.map((face) => get(`faces/${face}/similar`, { limit: 200 }).catch(() => ({ matches: [] }))));
  const best = new Map();
  for (const each of found.flatMap((one) => one.matches)) {
    if (each.person === person || (best.get(each.face)?.distance ?? Infinity) <= each.distance) continue;
    best.set(each.face, each);
  }
  const shown = [...best.values()].sort((one, other) => one.distance - other.distance).slice(0, ALIKE);
  if (!shown.length || !$("#others")) return;
  $("#other-faces").append(...shown.map(candidate));
  $("#others").hidden = false;
}

function candidate(match) {
  const yes = mayWrite() && el("button", { type: "button", class: "round", "aria-label": `Yes, this is ${label}`, title: `Yes, this is ${label}`, onclick: () => tried(async () => {
    await post("faces/move", { faces: [match.face], to: String(person) });
    done(`The face is ${label}’s now.`);
  }) }, icon("check"));
  return el("li", { class: "face-card" },
    el("a", { class: "thumb", href: `/photos/${match.photo}?face=${match.face}`, "aria-label": `${nameOf(match) || "Somebody"} in ${fileName(match.path)}` }, el("img", { src: faceThumbnail(match.face, 320), alt: "", loading: "lazy", width: "320", height: "320" })),
    el("div", { class: "about" }, el("span", { class: "cut" }, `${percent(match.probability)} · ${nameOf(match) || "no name"}`), yes));
}

if (mayWrite()) {
  renaming();
  selecting();
}
undoKeys();
others();
