// A photo of a search flows in, the link that shows it in the grid flows out; the server's macro `tile` makes the same.

import { query } from "./api.js";
import { el, fileName, percent, thumbnail } from "./dom.js";
import { ratioOf, shapeOf } from "./layout.js";

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

export function tileOf(hit, at, asked) {
  const shape = shapeOf(hit.width, hit.height);
  const image = el("img", {
    src: thumbnail(hit.photo), srcset: `${thumbnail(hit.photo)} 320w, ${thumbnail(hit.photo, 640)} 640w`,
    sizes: `auto, ${Math.ceil(ratioOf(shape) * 240)}px`, alt: "", loading: "lazy", decoding: "async",
  });
  const why = hit.why?.length ? el("span", { class: "why", "aria-hidden": "true" }, hit.why.slice(0, 3).map((each) => `${each.tag} ${percent(each.score)}`).join(" · ")) : null;
  return el("a", {
    class: `tile r${shape}`, href: `/photos/${hit.photo}${query({ ...asked, at })}`, "aria-label": named(hit), tabindex: "-1",
    dataset: { at, photo: hit.photo, shape },
  }, image, mark(hit) ? el("span", { class: "mark", "aria-hidden": "true" }, mark(hit)) : null, why);
}

const mark = (hit) => (hit.away ? "away" : hit.why?.some((each) => each.less_sure) ? "less sure" : "");

export function named(hit) {
  const tags = (hit.why ?? []).slice(0, 3).map((each) => each.tag + (each.less_sure ? " (less sure)" : ""));
  return [fileName(hit.path), hit.taken_at && DAY.format(Date.parse(`${hit.taken_at.slice(0, 10)}T00:00:00Z`)), ...tags, hit.away && "folder not available", hit.replaced && "missing, replaced by another photo of the same name"].filter(Boolean).join(", ");
}
