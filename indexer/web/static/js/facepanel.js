// A face of the photo: who it is, with a form to say so, and the faces of the library that are most alike.

import { get, post } from "./api.js";
import { el, faceThumbnail, fileName, icon, mayWrite, nameOf, percent, tried } from "./dom.js";
import { nameThem } from "./name.js";
import { done } from "./undo.js";
import { suggestPeople } from "./who.js";

const MOST = 12;
const LIKELY = 0.5;
const VERY_LIKELY = 0.9;

/** known: {face, name, person}.  closed: called when the panel is left.  focus: "name", where one may say it, "title", or "". */
export async function showFace(panel, known, closed, focus) {
  const leave = () => ((panel.hidden = true), closed());
  const close = el("button", { type: "button", class: "round", "aria-label": "Close", onclick: leave }, icon("close"));
  const title = el("h2", { tabindex: "-1", class: "break" }, known.name || "Who is this?");
  const links = known.person ? el("a", { class: "small", href: `/people/${known.person}` }, known.name ? `All of ${known.name}` : "All faces of this person") : el("span", { class: "small muted" }, "Not assigned to a person");
  const matches = el("div", {}, el("p", { class: "working" }, el("span", { class: "spinner" }), "Searching for this face …"));
  panel.replaceChildren(
    el("div", { class: "face-head" }, el("span", { class: "thumb" }, el("img", { src: faceThumbnail(known.face), alt: "", width: "160", height: "160" })), el("div", { class: "grow" }, title, links), close),
    mayWrite() ? form(known, leave) : "", matches);
  panel.hidden = false;
  panel.scrollIntoView({ block: "nearest" });
  if (focus) ((focus === "name" && panel.querySelector("input")) || title).focus({ preventScroll: true });
  const found = await tried(() => get(`faces/${known.face}/similar`, { limit: MOST }));
  if (!found) return matches.replaceChildren();
  matches.replaceChildren(...(found.matches.length
    ? [el("h3", {}, "Most similar faces"), note(found.poor), matchGrid(found.matches, found.poor)]
    : [el("p", { class: "muted small" }, "No similar face in the library.")]));
}

/** What the likenesses of a face are worth. */
export const note = (isPoor) => el("p", { class: "muted small" }, isPoor
  ? "This face is too small or blurred for a reliable comparison."
  : "Probability that it is the same person, if one of the faces in this library is.");

/** Likeness in words; whom a poor face shows nobody can be sure of. */
export function likeness(probability, isPoor = false) {
  if (isPoor || probability < LIKELY) return "perhaps";
  return probability < VERY_LIKELY ? "likely" : "very likely";
}

export function matchGrid(matches, isPoor = false) {
  return el("ul", { class: "match-grid" }, matches.map((each) => el("li", {}, el("a", { class: "match", href: `/photos/${each.photo}?face=${each.face}`, "aria-label": `${nameOf(each) || "Unknown person"} in ${fileName(each.path)}, the same person: ${likeness(each.probability, isPoor)}`, title: isPoor ? null : percent(each.probability) },
    el("span", { class: "thumb" }, el("img", { src: faceThumbnail(each.face), alt: "", loading: "lazy", width: "160", height: "160" })),
    nameOf(each) ? el("span", { class: "cut" }, nameOf(each)) : "", el("span", { class: "muted number" }, likeness(each.probability, isPoor))))));
}

function form(known, leave) {
  const isNamed = known.person && known.name;
  const input = el("input", { class: "field", name: "name", placeholder: isNamed ? "Someone else …" : "Name", "aria-label": isNamed ? `Not ${known.name}: who is this?` : "Who is this?", maxlength: "200", autocomplete: "off", spellcheck: "false" });
  const save = (name) => tried(async () => {
    if (!name.trim()) return input.focus();
    if (known.person && !isNamed) {
      if (!(await nameThem(known.person, name.trim()))) return undefined;
    } else await post("faces/move", { faces: [known.face], to: name.trim() });
    return done(`This is ${name.trim()}.`);
  });
  const made = el("form", { class: "row", onsubmit: (event) => (event.preventDefault(), save(input.value)) },
    el("div", { class: "combo" }, input), el("button", { class: "button main", type: "submit" }, icon("check"), "Save"));
  made.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && (event.preventDefault(), leave()));
  queueMicrotask(() => suggestPeople(input, (choice) => save(choice.text), known.person));
  return made;
}
