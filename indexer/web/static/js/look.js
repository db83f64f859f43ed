// The page /look: a picture that somebody dropped, pasted or chose; what it is, and whose faces are in it.

import { get, query, send } from "./api.js";
import { $, el, nameOf, percent } from "./dom.js";
import { keep, kept } from "./drop.js";
import { matchGrid, note } from "./facepanel.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST_WORDS = 10_000;
let running = new AbortController();
let shownUrl = "";

async function show(file, name) {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  if (shownUrl) URL.revokeObjectURL(shownUrl);
  shownUrl = URL.createObjectURL(file);
  const picture = $("#picture");
  picture.classList.remove("lost");
  picture.parentElement.classList.remove("without-picture");
  picture.src = shownUrl;
  $("#look-name").textContent = name;
  $("#boxes").replaceChildren();
  $("#nothing").hidden = true;
  $("#look").hidden = false;
  await Promise.all([
    part($("#what"), "Looking …", async () => seen(...(await Promise.all([send("classify", file, { details: true, faces: true }, { signal }), words()])))),
    part($("#who"), "Detecting faces …", async () => people(await send("similar-faces", file, { limit: 12 }, { signal }))),
  ]);
}

async function part(place, text, work) {
  place.replaceChildren(el("p", { class: "working" }, el("span", { class: "spinner" }), text));
  try {
    place.replaceChildren(...(await work()));
  } catch (error) {
    if (error.name === "AbortError") return;
    place.replaceChildren(el("p", { class: "notice bad", role: "alert" }, error.message));
  }
}

let known;
/** The words that find something: only they are links. */
const words = () => (known ??= get("tags", { limit: MOST_WORDS }).then(({ tags }) => new Set(tags.map((each) => each.name)), () => {
  known = undefined;
  return new Set();
}));

/** The tags that a scan would give the picture; below them what the models said. */
function seen({ tags, labels }, linked) {
  const classes = labels.length ? el("details", { class: "why-list" }, el("summary", {}, "Classes by model"), scores(labels.sort((one, other) => other.score - one.score), linked)) : "";
  return [tags.length ? scores(tags, linked) : el("p", { class: "muted" }, "Nothing was recognized with certainty."), classes];
}

const scores = (all, linked) => el("ul", { class: "labels" }, all.map((each) => el("li", {},
  linked.has(each.name) ? el("a", { class: "cut", href: `/${query({ q: `"${each.name.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` })}` }, each.name) : el("span", { class: "cut" }, each.name),
  el("meter", { min: "0", max: "1", value: each.score, "aria-label": each.name }), el("span", { class: "number" }, percent(each.score)))));

function people(found) {
  if (!found.length) return [el("p", { class: "muted" }, "No face was found in this picture.")];
  draw(found);
  return found.map((each) => {
    const best = each.matches[0];
    const name = best && nameOf(best) && best.probability > 0.5 && !each.poor ? `Face ${each.face}: probably ${nameOf(best)}` : `Face ${each.face}`;
    return el("div", { class: "look-face", id: `face-${each.face}`, tabindex: "-1" }, el("h3", { class: "break" }, name),
      ...(each.matches.length ? [note(each.poor), matchGrid(each.matches, each.poor)] : [el("p", { class: "muted small" }, "No similar face in the library.")]));
  });
}

/** Draw a box around each face, as a link to its matches. */
async function draw(faces) {
  const picture = $("#picture");
  await picture.decode().catch(() => undefined);
  const [width, height] = [picture.naturalWidth, picture.naturalHeight];
  if (!width) return;
  const drawn = $("#boxes");
  drawn.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const fit = () => drawn.style.setProperty("--pixel", String(1 / Math.max(0.01, Math.min(drawn.clientWidth / width, drawn.clientHeight / height))));
  fit();
  new ResizeObserver(fit).observe(drawn);
  drawn.replaceChildren(...faces.map((each) => {
    const [link, rect, text] = ["a", "rect", "text"].map((name) => document.createElementNS(SVG, name));
    link.setAttribute("class", "box face");
    link.setAttribute("href", `#face-${each.face}`);
    link.setAttribute("aria-label", `Face ${each.face}`);
    const [x, y, w, h] = [each.box.left * width, each.box.top * height, each.box.width * width, each.box.height * height];
    for (const [key, value] of Object.entries({ x, y, width: w, height: h, rx: w / 12 })) rect.setAttribute(key, String(value));
    for (const [key, value] of Object.entries({ x: x + w / 2, y: y + h, dy: "1.3em", "text-anchor": "middle" })) text.setAttribute(key, String(value));
    text.textContent = String(each.face);
    link.append(rect, text);
    return link;
  }));
}

async function choose(file) {
  await keep(file).catch(() => undefined);
  show(file, file.name || "Pasted picture");
}

$("#choose").addEventListener("click", () => $("#file").click());
$("#file").addEventListener("change", (event) => event.target.files[0] && choose(event.target.files[0]));
document.addEventListener("picture", (event) => {
  event.preventDefault();
  choose(event.detail);
});
kept().then((picture) => picture && show(picture.file, picture.name), () => undefined);
