// A text field with choices below it, after the ARIA authoring practices (editable combobox, list autocomplete).

import { el, icon, rested, say } from "./dom.js";

const LEAST_PX = 272; // as wide as the choices of a narrow field
let made = 0;

/**
 * choices: text → promise of [{text, about, icon, count, …}].  choose: called with a choice that was taken.
 * open: "typing", or "focus" for choices at once.
 */
export function combobox(input, { choices, choose, label, when = "typing", wait = 120 }) {
  const id = `choices-${++made}`;
  const list = el("ul", { class: "choices", role: "listbox", id, "aria-label": label, hidden: true });
  const shown = { items: [], active: -1, asked: 0, ahead: 0 }; // ahead: how often "down" came before the choices
  for (const [key, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id, autocomplete: "off" })) input.setAttribute(key, value);
  (input.closest(".search, .combo") ?? input.parentElement).append(list);

  const close = () => {
    shown.asked += 1;
    shown.ahead = 0;
    shown.items = [];
    mark(-1);
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
  };
  const mark = (index) => {
    shown.active = index;
    [...list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === index)));
    const option = list.children[index];
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  };
  const take = (item) => {
    close();
    choose(item);
  };
  const show = (items) => {
    const chosen = shown.items[shown.active]?.text;
    const again = chosen === undefined ? -1 : items.findIndex((item) => item.text === chosen);
    const place = shown.ahead ? Math.min(shown.ahead, items.length) - 1 : again;
    shown.ahead = 0;
    shown.items = items;
    list.replaceChildren(...items.map((item, index) => optionOf(item, `${id}-${index}`, () => take(item))));
    list.classList.toggle("end", input.getBoundingClientRect().left + LEAST_PX > innerWidth);
    list.hidden = !items.length;
    input.setAttribute("aria-expanded", String(!!items.length));
    mark(place);
    if (items.length) say(`${items.length} ${items.length === 1 ? "suggestion" : "suggestions"}`);
  };
  const ask = async () => {
    const mine = ++shown.asked;
    const items = await choices(input.value).catch(() => []);
    if (mine === shown.asked && document.activeElement === input) show(items);
  };
  const move = (step) => {
    const last = shown.items.length - 1;
    const next = shown.active + step;
    mark(next > last ? -1 : next < -1 ? last : next);
  };

  input.addEventListener("input", () => {
    shown.ahead = 0;
    mark(-1);
  });
  input.addEventListener("input", rested(ask, wait));
  if (when === "focus") input.addEventListener("focus", ask);
  input.addEventListener("blur", () => setTimeout(close, 120));
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const isOpen = !list.hidden;
    if (event.key === "ArrowDown" && !isOpen) {
      shown.ahead += 1;
      ask();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && isOpen) move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter" && shown.active >= 0) take(shown.items[shown.active]);
    else if (event.key === "Tab" && shown.active >= 0) return take(shown.items[shown.active]);
    else if (event.key === "Escape" && isOpen) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return { close };
}

function optionOf(item, id, take) {
  const more = [item.about && el("span", { class: "about cut" }, item.about), item.count && el("span", { class: "about number" }, item.count)];
  const option = el("li", { class: "choice", role: "option", id, "aria-selected": "false" }, icon(item.icon ?? "search"), el("span", { class: "cut" }, item.text), more[0] || el("span"), more[1]);
  option.addEventListener("pointerdown", (event) => event.preventDefault());
  option.addEventListener("click", take);
  return option;
}
