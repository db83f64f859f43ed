// One to five stars as buttons, or by the keys 1 to 5; the one that is chosen, pressed again, or 0, takes the rating away.

import { isTyping, tried } from "./dom.js";

export function stars(group, save) {
  const all = [...group.children];
  let rating = Number(group.dataset.rating);
  const draw = (upTo) => all.forEach((star, place) => star.classList.toggle("lit", place < upTo));
  const tell = () => {
    all.forEach((star, place) => star.setAttribute("aria-pressed", String(place + 1 === rating)));
    draw(rating);
  };
  const set = (value) => tried(async () => {
    await save(value);
    rating = value;
    tell();
  });
  all.forEach((star, place) => {
    star.addEventListener("click", () => set(rating === place + 1 ? 0 : place + 1));
    star.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && draw(place + 1));
    star.addEventListener("pointerleave", () => draw(rating));
  });
  document.addEventListener("keydown", (event) => {
    if (!/^[0-5]$/.test(event.key) || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    set(Number(event.key));
  });
  tell();
}
