// What every page has: colors, the search box with suggestions, a picture dropped anywhere, lost pictures, Ctrl+Z.

import { get } from "./api.js";
import { combobox } from "./combobox.js";
import { $, count, isTyping, mayWrite, watchPictures } from "./dom.js";
import { acceptDrops } from "./drop.js";
import { undoKeys } from "./undo.js";

const KINDS = { tag: "tags", person: "person", field: "field" };
const THEMES = { auto: "system", light: "light", dark: "dark" };

function switchTheme() {
  const button = $("#theme");
  if (!button) return;
  const shown = () => document.documentElement.dataset.theme ?? "auto";
  const tell = () => button.setAttribute("aria-label", `Theme: ${THEMES[shown()]}`);
  tell();
  button.addEventListener("click", () => {
    const next = { auto: "light", light: "dark", dark: "auto" }[shown()];
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("indexer.theme", next);
    } catch { /* not kept, then */ }
    tell();
  });
}

async function suggestions(text) {
  if (!text.trim()) return [];
  const found = await get("suggest", { q: text, limit: 10 });
  return found.map((each) => ({ ...each, icon: KINDS[each.kind], count: each.photos === null ? "" : count(each.photos, "photo") }));
}

function searchBox() {
  const input = $("#query");
  if (!input) return;
  const form = input.form;
  combobox(input, {
    label: "Suggestions",
    choices: suggestions,
    choose: (choice) => {
      input.value = choice.insert;
      input.focus();
      if (choice.kind !== "field") form.requestSubmit();
    },
  });
  form.addEventListener("submit", (event) => {
    if (input.value.trim()) return;
    event.preventDefault();
    location.assign("/");
  });
  $("#clear").addEventListener("click", () => {
    input.value = "";
    input.focus();
    if (new URLSearchParams(location.search).get("q")) location.assign("/");
  });
  input.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && input.blur());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}

switchTheme();
searchBox();
acceptDrops();
watchPictures();
if (mayWrite()) undoKeys();
