// Small tools for the page's tree. el("a", {href, class, dataset, on…}, children) builds an element; text is never HTML.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) set(node, key, value);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function set(node, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
  else if (key === "dataset") Object.assign(node.dataset, value);
  else node.setAttribute(key, value === true ? "" : value);
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export const thumbnail = (photo, side = 320) => `/api/photos/${photo}/thumbnail?side=${side}`;
export const faceThumbnail = (face, side = 160) => `/api/faces/${face}/thumbnail?side=${side}`;
export const mayWrite = () => $('meta[name="may-write"]')?.content === "yes";

export const count = (number, noun, nouns = `${noun}s`) => `${number.toLocaleString("en")} ${number === 1 ? noun : nouns}`;
export const percent = (score) => `${Math.round(score * 100)} %`;
/** Whose face it is; "" where nobody has named them: "person 12" is no name. */
export const nameOf = (face) => (face.name === `person ${face.person}` ? "" : face.name ?? "");
export const fileName = (path) => path.split("/").pop() || path;

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
/** A moment (ISO 8601) on the clock of whoever looks: "5 May 2024, 20:35"; the server's filter `moment` says the same. */
export const moment = (text) => `${DAY.format(new Date(text))}, ${CLOCK.format(new Date(text))}`;

/** "2024-05" → "May 2024"; "2024" → "2024"; null → "No date". */
export function monthTitle(month) {
  if (!month) return "No date";
  const [year, number] = month.split("-").map(Number);
  if (!number) return month;
  return new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" }).format(Date.UTC(year, number - 1));
}

/** Let a live region say something to those who listen. */
export function say(text) {
  const live = $("#live");
  if (!live) return;
  live.textContent = "";
  requestAnimationFrame(() => (live.textContent = text));
}

/** Show a line at the bottom of the page, with a button where there is something to do about it. */
export function toast(text, { bad = false, label = "", act = null, stays = 8000 } = {}) {
  const close = () => node.remove();
  const button = act && el("button", { type: "button", onclick: () => (close(), act()) }, label);
  const node = el("div", { class: bad ? "toast bad" : "toast", role: bad ? "alert" : "status" },
    el("span", { class: "text" }, text),
    el("span", { class: "ends" }, button, el("button", { type: "button", "aria-label": "Close", onclick: close }, icon("close"))));
  const all = $("#toasts");
  while (all.children.length > 1) all.firstElementChild.remove();
  all.append(node);
  if (stays && !bad) setTimeout(() => (node.matches(":hover, :focus-within") ? setTimeout(close, stays) : close()), stays);
  return node;
}

/** Run what may fail; tell why it did. Returns undefined then. */
export async function tried(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name !== "AbortError") toast(error.message, { bad: true });
    return undefined;
  }
}

/** Pictures that cannot be had leave a decent placeholder; load errors do not bubble, so they are captured. */
export function watchPictures() {
  const lose = (image) => {
    image.classList.add("lost");
    image.parentElement?.classList.add("without-picture");
  };
  document.addEventListener("error", (event) => event.target instanceof HTMLImageElement && lose(event.target), true);
  for (const image of document.images) if (image.complete && image.currentSrc && !image.naturalWidth) lose(image);
}

/** Wait until nothing was called for some milliseconds. */
export function rested(work, milliseconds) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), milliseconds);
  };
}

export const isTyping = (target) => target instanceof Element && !!target.closest("input, textarea, select, [contenteditable]");
