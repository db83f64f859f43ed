// One to five stars as a group of radio buttons; the one that is chosen, pressed again, takes the rating away.

import { say, tried } from "./dom.js";

export function stars(group, save) {
  const all = [...group.children];
  let rating = Number(group.dataset.rating);
  const draw = (upTo) => all.forEach((star, place) => star.classList.toggle("lit", place < upTo));
  const tell = () => {
    all.forEach((star, place) => {
      star.setAttribute("aria-checked", String(place + 1 === rating));
      star.tabIndex = place + 1 === (rating || 1) ? 0 : -1;
    });
    draw(rating);
  };
  const set = (value) => tried(async () => {
    await save(value);
    rating = value;
    tell();
    say(value ? `${value} of 5 stars` : "No rating");
  });
  all.forEach((star, place) => {
    star.addEventListener("click", () => set(rating === place + 1 ? 0 : place + 1));
    star.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && draw(place + 1));
    star.addEventListener("pointerleave", () => draw(rating));
  });
  group.addEventListener("keydown", (event) => {
    const place = all.indexOf(document.activeElement);
    const next = { ArrowRight: place + 1, ArrowUp: place + 1, ArrowLeft: place - 1, ArrowDown: place - 1, Home: 0, End: 4 }[event.key];
    if (next === undefined || place < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const to = all[Math.min(4, Math.max(0, next))];
    to.focus();
    set(all.indexOf(to) + 1);
  });
  tell();
}
