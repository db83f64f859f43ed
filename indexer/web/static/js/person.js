// The page of one person: the name, hiding, faces that are somebody else's, and faces that may be theirs.

import { get, post } from "./api.js";
import { $, $$, count, el, faceThumbnail, fileName, icon, mayWrite, nameOf, percent, tried } from "./dom.js";
import { nameThem } from "./name.js";
import { done } from "./undo.js";
import { suggestPeople } from "./who.js";

const page = $("#person");
const person = Number(page.dataset.person);
const label = page.dataset.name || `Person ${person}`;
const ALIKE = 24;
const LIKELY = 0.6; // of less likely ones, too many are strangers (docs/measurements/people.md)

function renaming() {
  const form = $("#rename");
  const save = (name) => tried(async () => {
    const agreed = await nameThem(person, name.trim());
    if (agreed === "merged") done(`Merged into ${name.trim()}.`, { to: "/people" });
    else if (agreed) done(name.trim() ? `Named ${name.trim()}.` : "Name removed.");
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
    done(`${count(all.length, "face")} split off as a new person.`, boxes.length === all.length ? { to: "/people" } : {});
  }));
  tell();
}

/** Faces of others, or of nobody, that are near to this person's and were not refused. */
async function others() {
  if (!$("#others")) return;
  const found = await get(`people/${person}/similar`, { limit: ALIKE }).catch(() => ({ matches: [] }));
  const matches = found.matches.filter((each) => each.probability >= LIKELY);
  if (!matches.length) return;
  $("#other-faces").append(...matches.map(candidate));
  $("#others").hidden = false;
}

function candidate(match) {
  const answer = (name, text, act) => el("button", { type: "button", class: "round", "aria-label": text, title: text, onclick: () => tried(act) }, icon(name));
  const yes = () => answer("check", `Yes, this is ${label}`, async () => {
    await post("faces/move", { faces: [match.face], to: String(person) });
    done(`Face assigned to ${label}.`);
  });
  const no = () => answer("close", `No, not ${label}`, async () => {
    await post(`people/${person}/refuse`, { faces: [match.face] });
    const next = card.nextElementSibling ?? card.previousElementSibling;
    card.remove();
    (next && $(".answers button:last-child", next))?.focus();
    $("#others").hidden = !next;
    done(`Face rejected for ${label}.`, { reload: false });
  });
  const card = el("li", { class: "face-card" },
    el("a", { class: "thumb", href: `/photos/${match.photo}?face=${match.face}`, "aria-label": `${nameOf(match) || "Unknown person"} in ${fileName(match.path)}` }, el("img", { src: faceThumbnail(match.face, 320), alt: "", loading: "lazy", width: "320", height: "320" })),
    el("div", { class: "about" }, el("span", {}, nameOf(match) ? el("span", { class: "cut whose" }, nameOf(match)) : "", `Is this ${label}? ${percent(match.probability)}`), mayWrite() && el("span", { class: "answers" }, yes(), no())));
  return card;
}

if (mayWrite()) {
  renaming();
  selecting();
}
others();
