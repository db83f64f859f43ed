// The page "/": the server's first photos become a grid of all.

import { get } from "./api.js";
import { $, $$, tried } from "./dom.js";
import { Grid, sectionsOf } from "./grid.js";
import { gridKeys } from "./gridkeys.js";
import { justified, measuresOf, placeTile, shapesFrom } from "./layout.js";
import { remember, remembered } from "./place.js";
import { scrubber } from "./scrubber.js";

async function begin(root) {
  const asked = { q: root.dataset.query, sort: root.dataset.sort };
  const total = Number(root.dataset.total);
  if (Number(root.dataset.offset)) return; // a page for those without scripts
  settle(root);
  const [months, shapes] = await Promise.all([monthsOf(asked), shapesOf(root, asked, total)]);
  if (months === undefined) return;
  const grid = new Grid(root, asked, sectionsOf(months, total, root.dataset.yearly === "yes"), shapes);
  $("#more")?.remove();
  history.scrollRestoration = "manual";
  gridKeys(grid, total);
  scrubber(grid);
  grid.resized(); // the dates take a part of the width
  await goBack(grid, asked);
  grid.update();
  keepPlace(grid, asked);
}

/** Return the months of the search, null where its order is not by date; undefined where they cannot be had. */
async function monthsOf(asked) {
  return asked.sort === "date" ? (await tried(() => get("timeline", { q: asked.q })))?.months : null;
}

/** Return the shapes of all photos of the search, null where they cannot be had, or are not those of this page. */
async function shapesOf(root, asked, total) {
  const tiles = $$(".tile", root);
  if (tiles.length === total) return null;
  const told = await get("shapes", asked).catch(() => null); // heights are guessed, then
  const shapes = told?.total === total ? shapesFrom(told) : null;
  return shapes && tiles.every((tile, at) => Number(tile.dataset.shape) === shapes[at]) ? shapes : null;
}

/** Place the server's photos as the grid will, before anything else is known. */
function settle(root) {
  const measures = measuresOf(root);
  for (const box of $$(".tiles", root)) {
    const tiles = $$(".tile", box);
    const layout = justified(tiles.map((tile) => Number(tile.dataset.shape)), { ...measures, closed: true });
    box.classList.add("placed");
    box.style.setProperty("height", `${layout.height}px`);
    tiles.forEach((tile, index) => placeTile(tile, layout.boxes[index]));
  }
}

/** Scroll to where the user was; then, if need be, to the photo that was seen last. */
async function goBack(grid, asked) {
  const place = remembered(asked);
  const returns = ["back_forward", "reload"].includes(performance.getEntriesByType("navigation")[0]?.type);
  if (!place || !(returns || place.seen !== undefined)) return;
  if (place.at !== undefined) await grid.reveal(place.at, place.below);
  await showSeen(grid, place);
}

async function showSeen(grid, { seen }) {
  if (seen === undefined || !grid.sectionOf(seen)) return;
  await grid.load(grid.sectionOf(seen));
  const box = grid.tiles.get(seen)?.getBoundingClientRect();
  if (!box || box.top < grid.bar || box.bottom > innerHeight) await grid.reveal(seen);
  grid.enterAt(seen);
  grid.tiles.get(seen)?.focus({ preventScroll: true });
}

function keepPlace(grid, asked) {
  addEventListener("pagehide", () => remember(asked, grid.anchor()));
  addEventListener("pageshow", (event) => {
    const place = event.persisted ? remembered(asked) : null;
    if (place) showSeen(grid, place);
  });
}

const root = $("#grid");
if (root) begin(root);
