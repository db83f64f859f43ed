// Years and months at the right edge, as tall as their photos; drag or press keys to get there.

import { $, el, monthTitle } from "./dom.js";

const LEAST_VIEWPORTS = 2.5;
const LABEL_PX = 24;
const TICK_PX = 9;

/** Years with their places in pixels where there is room for them, and ticks ("") for months between. */
function marks(months, scale) {
  const labels = [];
  for (const month of months) {
    const [year, top] = [month.month?.slice(0, 4) ?? "–", month.top * scale];
    const last = labels[labels.length - 1];
    if (year !== last?.[0] && top >= (last?.[1] ?? -LABEL_PX) + LABEL_PX) labels.push([year, top]);
  }
  const ticks = [];
  let free = 0;
  for (const { top } of months) {
    const place = top * scale;
    if (place < free || labels.some(([, label]) => Math.abs(label - place) < LABEL_PX / 2)) continue;
    ticks.push(["", place]);
    free = place + TICK_PX;
  }
  return [...labels, ...ticks];
}

export function scrubber(grid) {
  const months = grid.sections.filter((section) => section.heading);
  if (months.length < 2) return;
  const shown = el("span", { class: "shown" });
  const handle = el("span", { class: "handle" });
  const years = el("div", { class: "years", "aria-hidden": "true" });
  const bar = el("div", { class: "scrubber", role: "slider", tabindex: "0", id: "scrubber", "aria-orientation": "vertical", "aria-label": "Date", "aria-valuemin": "0", "aria-valuemax": String(months.length - 1), hidden: true }, years, handle, shown);
  $("#main").append(bar);

  const span = () => Math.max(1, grid.height - innerHeight + grid.bar);
  const fraction = () => Math.min(1, Math.max(0, (grid.view.top + grid.bar) / span()));
  const monthAt = (y) => months.findLast((month) => month.top <= y + 8) ?? months[0];
  const tell = () => {
    const part = fraction();
    const month = monthAt(grid.view.top + grid.bar + (part > 0.999 ? innerHeight : 0));
    handle.style.setProperty("top", `${part * 100}%`);
    shown.style.setProperty("top", `clamp(${LABEL_PX}px, ${part * 100}%, 100% - ${LABEL_PX}px)`);
    shown.textContent = monthTitle(month.month);
    bar.setAttribute("aria-valuenow", String(months.indexOf(month)));
    bar.setAttribute("aria-valuetext", shown.textContent);
    return month;
  };
  const draw = () => {
    bar.hidden = grid.height < innerHeight * LEAST_VIEWPORTS;
    years.replaceChildren(...marks(months, bar.clientHeight / span()).map(([text, top]) => {
      const mark = el(text ? "span" : "i", {}, text);
      mark.style.setProperty("top", `${top}px`);
      return mark;
    }));
    tell();
  };
  const to = (y) => scrollTo({ top: grid.start + y - grid.bar, behavior: "instant" });

  let resting;
  const active = () => {
    bar.classList.add("active");
    clearTimeout(resting);
    resting = setTimeout(() => bar.classList.remove("active"), 1200);
  };
  const drag = (event) => {
    const box = bar.getBoundingClientRect();
    to(Math.min(1, Math.max(0, (event.clientY - box.top) / box.height)) * span());
    active();
  };
  bar.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    bar.setPointerCapture(event.pointerId);
    drag(event);
  });
  bar.addEventListener("pointermove", (event) => bar.hasPointerCapture(event.pointerId) && drag(event));
  bar.addEventListener("keydown", (event) => {
    const now = months.indexOf(tell());
    const year = (step) => months.findIndex((month, place) => (place - now) * step > 0 && month.month?.slice(0, 4) !== months[now].month?.slice(0, 4));
    const next = {
      ArrowDown: now + 1, ArrowRight: now + 1, ArrowUp: now - 1, ArrowLeft: now - 1, Home: 0, End: months.length - 1,
      PageDown: year(1) < 0 ? months.length - 1 : year(1), PageUp: Math.max(0, months.findLastIndex((month, place) => place < now && month.month?.slice(0, 4) !== months[now].month?.slice(0, 4))),
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    to(months[Math.min(months.length - 1, Math.max(0, next))].top);
    active();
  });
  let stood = scrollY;
  grid.moved = () => {
    tell();
    if (scrollY !== stood && matchMedia("(hover: none)").matches) active();
    stood = scrollY;
  };
  new ResizeObserver(draw).observe(grid.root);
  addEventListener("resize", draw);
  draw();
}
