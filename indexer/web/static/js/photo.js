// The page of a photo: neighbors by keys and swipes, boxes, tags, stars, hiding, a face and its nearest.

import { get, post, query } from "./api.js";
import { combobox } from "./combobox.js";
import { $, $$, count, el, fileName, isTyping, mayWrite, percent, say, thumbnail, tried } from "./dom.js";
import { showFace } from "./facepanel.js";
import { remember, remembered } from "./place.js";
import { stars } from "./stars.js";
import { done } from "./undo.js";

const stage = $("#stage");
const photo = Number(stage.dataset.photo);
const asked = { q: stage.dataset.query, sort: stage.dataset.sort };
const SWIPE_PX = 60;
const ALIKE = 0.5; // two dogs of one breed; photos with nothing in common reach 0.3 (docs/look-alikes.md)

function neighbors() {
  if (stage.dataset.at !== "") remember(asked, { ...remembered(asked), seen: Number(stage.dataset.at) });
  const go = (link) => link && location.replace(link.href);
  for (const link of [$("#before"), $("#after")]) {
    if (!link) continue;
    new Image().src = thumbnail(link.dataset.photo, 1600);
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      go(link);
    });
  }
  const came = cameFromGrid();
  const back = () => (came && history.length > 1 ? history.back() : location.assign($("#close").href));
  $("#close").addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    back();
  });
  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "ArrowLeft") go($("#before"));
    else if (event.key === "ArrowRight") go($("#after"));
    else if (event.key === "Escape") back();
    else if (event.key === "f" || event.key === "F") $("#toggle-boxes")?.click();
    else return;
    event.preventDefault();
  });
  swipes(go);
}

/** Neighbors replace each other in the history, so that one step back leads to the grid from any of them. */
function cameFromGrid() {
  const from = document.referrer ? new URL(document.referrer).pathname : "";
  try {
    if (!from.startsWith("/photos/")) sessionStorage.setItem("indexer.came", from === "/" ? "yes" : "no");
    return sessionStorage.getItem("indexer.came") === "yes";
  } catch {
    return from === "/";
  }
}

function swipes(go) {
  let start = null;
  stage.addEventListener("touchstart", (event) => {
    const [touch] = event.touches;
    start = event.touches.length === 1 && (visualViewport?.scale ?? 1) <= 1.01 ? { x: touch.clientX, y: touch.clientY } : null;
  }, { passive: true });
  stage.addEventListener("touchend", (event) => {
    if (!start) return;
    const [x, y] = [event.changedTouches[0].clientX - start.x, event.changedTouches[0].clientY - start.y];
    start = null;
    if (Math.abs(x) > SWIPE_PX && Math.abs(x) > Math.abs(y) * 1.5) go(x > 0 ? $("#before") : $("#after"));
  }, { passive: true });
}

/** Names beside boxes are as large as text, however large the picture is. */
function boxes() {
  const drawn = $("#boxes");
  if (!drawn) return;
  const { width, height } = drawn.viewBox.baseVal;
  const fit = () => drawn.style.setProperty("--pixel", String(1 / Math.min(drawn.clientWidth / width, drawn.clientHeight / height)));
  new ResizeObserver(fit).observe(drawn);
  $("#toggle-boxes").addEventListener("click", (event) => {
    const on = drawn.classList.toggle("off") === false;
    event.currentTarget.setAttribute("aria-pressed", String(on));
    say(on ? "Boxes shown" : "Boxes hidden");
  });
}

function faces() {
  const open = async (number, focus) => {
    for (const link of $$("[data-face]")) {
      const isIt = Number(link.dataset.face) === number;
      link.classList.toggle("chosen", isIt);
      if (isIt) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const link = $(`.face-link[data-face="${number}"]`);
    if (!link) return;
    const here = { ...asked, at: stage.dataset.at };
    history.replaceState(history.state, "", location.pathname + query({ ...here, face: number }));
    await showFace($("#face-panel"), { face: number, name: link.dataset.name, person: Number(link.dataset.person) || null }, () => {
      history.replaceState(history.state, "", location.pathname + query(here));
      for (const each of $$("[data-face]")) each.classList.remove("chosen"), each.removeAttribute("aria-current");
      link.focus();
    }, focus);
  };
  for (const link of $$("[data-face]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      open(Number(link.dataset.face), event.pointerType === "touch" ? "title" : "name"); // no keyboard jumps onto a small screen
    });
  }
  const wanted = Number(new URLSearchParams(location.search).get("face"));
  if (wanted) open(wanted, "");
}

function tags() {
  const change = (values, told) => tried(async () => {
    await post(`photos/${photo}/tags`, values);
    done(told);
  });
  for (const button of $$("[data-remove]")) button.addEventListener("click", () => change({ remove: [button.dataset.remove] }, `Removed ${button.dataset.remove}.`));
  for (const button of $$("[data-add]")) button.addEventListener("click", () => change({ add: [button.dataset.add] }, `Restored ${button.dataset.add}.`));
  const form = $("#add-tag");
  if (!form) return;
  const add = (name) => name.trim() && change({ add: [name.trim()] }, `Added ${name}.`);
  combobox(form.elements.tag, {
    label: "Tags",
    choices: async (text) => (text.trim() ? (await get("suggest", { q: text, limit: 8 })).filter((each) => each.kind === "tag").map((each) => ({ ...each, icon: "tags" })) : []),
    choose: (choice) => add(choice.text),
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add(form.elements.tag.value);
  });
}

async function rate(rating) {
  await post(`photos/${photo}/rating`, { rating });
  done(rating ? `Rated ${count(rating, "star")}.` : "Rating removed.", { reload: false });
}

function hiding() {
  const button = $("#hide");
  button?.addEventListener("click", () => tried(async () => {
    const hide = button.getAttribute("aria-pressed") !== "true";
    await post(`photos/${photo}/hidden`, { hidden: hide });
    button.setAttribute("aria-pressed", String(hide));
    button.lastElementChild.textContent = hide ? "Hidden" : "Hide";
    done(hide ? "Hidden from searches. Find it with is:hidden." : "Shown again in searches.", { reload: false });
  }));
}

async function similar() {
  if ($("#picture").classList.contains("lost")) return;
  const found = await get(`photos/${photo}/similar`, { limit: 24, min_score: ALIKE }).catch(() => []);
  if (!found.length) return;
  $("#similar-strip").append(...found.map((each) => el("a", { href: `/photos/${each.photo}`, class: "thumb", "aria-label": `${fileName(each.path)}, ${percent(each.score)} alike`, title: `${percent(each.score)} alike` },
    el("img", { src: thumbnail(each.photo), alt: "", loading: "lazy", width: "104", height: "104" }))));
  $("#similar").hidden = false;
}

neighbors();
boxes();
faces();
if (mayWrite()) {
  tags();
  hiding();
  stars($("#stars"), rate);
}
similar();
