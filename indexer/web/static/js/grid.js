// All photos of a search, however many: sections of known place and height (guessed only where shapes cannot be had);
// those near the viewport are filled, others empty.

import { get } from "./api.js";
import { $$, count, el, monthTitle, rested, toast } from "./dom.js";
import { guessed, justified, measuresOf, outlined, placeTile } from "./layout.js";
import { tileOf } from "./tiles.js";

const AT_A_TIME = 120; // photos of a section; a longer month has several
const NEAR = 1.25; // viewports around that are filled
const FAR = 4; // viewports around that stay filled
const KEPT = 60; // sections whose hits are kept in memory
const USUAL = 1.4;

/** Cut the photos into sections. months: newest first, or null where the order is not by date; yearly: headings of years. */
export function sectionsOf(months, total, yearly) {
  const parts = months ? (yearly ? yearsOf(months) : months) : [{ month: undefined, photos: total }];
  const sections = [];
  let first = 0;
  for (const { month, photos } of parts) {
    for (let offset = 0; offset < photos; offset += AT_A_TIME) {
      const number = Math.min(AT_A_TIME, photos - offset);
      sections.push({ month, first, number, photos, closed: offset + number === photos, heading: month !== undefined && !offset });
      first += number;
    }
  }
  return sections;
}

function yearsOf(months) {
  const years = [];
  for (const { month, photos } of months) {
    const year = month?.slice(0, 4) ?? null;
    const last = years[years.length - 1];
    if (last?.month === year) last.photos += photos;
    else years.push({ month: year, photos });
  }
  return years;
}

export class Grid {
  /** shapes: of all photos, or null: then heights are guessed until photos are there. */
  constructor(root, asked, sections, shapes = null) {
    Object.assign(this, { root, asked, sections, usual: USUAL, moved: () => {} });
    this.tiles = new Map($$(".tile", root).map((tile) => [Number(tile.dataset.at), tile]));
    for (const section of sections) this.build(section);
    const last = sections[sections.length - 1];
    const fits = shapes && last && last.first + last.number === shapes.length;
    if (fits) for (const section of sections) this.know(section, shapes.subarray(section.first, section.first + section.number));
    this.measure();
    this.adopt();
    root.replaceChildren(...sections.map((section) => section.node));
    const update = this.update.bind(this);
    let waits = false;
    addEventListener("scroll", () => {
      if (waits) return;
      waits = true;
      requestAnimationFrame(() => ((waits = false), update()));
    }, { passive: true });
    new ResizeObserver(rested(() => this.resized(), 60)).observe(root);
    this.fetchSoon = rested(() => this.fetchNear(), 70);
  }

  build(section) {
    section.box = el("div", { class: "tiles placed waiting" });
    const title = section.heading && el("h2", {}, monthTitle(section.month), " ", el("span", { class: "count" }, count(section.photos, "photo")));
    section.node = el("section", { class: "section" }, title, section.box);
    Object.assign(section, { ready: 0, outlined: false }); // ready: so many of its photos can be shown
  }

  /** Keep the shapes of all photos of a section. */
  know(section, shapes) {
    section.shapes = shapes;
    section.known = true;
  }

  /** Take the photos that the server has drawn: a section is filled at once where all of it is there. */
  adopt() {
    for (const section of this.sections) {
      const last = section.first + section.number - 1;
      if (!this.tiles.has(section.first)) break;
      const shapes = [];
      for (let at = section.first; at <= last && this.tiles.has(at); at += 1) shapes.push(Number(this.tiles.get(at).dataset.shape));
      section.ready = shapes.length;
      section.partial = section.ready < section.number;
      if (!section.known) section.shapes = shapes;
      this.place(section);
      this.fill(section);
    }
    this.stack();
  }

  measure() {
    this.measures = measuresOf(this.root);
    this.width = this.measures.width;
    for (const section of this.sections) this.place(section);
    this.stack();
  }

  /** Work out the height of a section, known or guessed. */
  place(section) {
    const heading = section.heading ? 56 : 0;
    const closed = section.closed || (section.partial && !section.known);
    section.layout = section.shapes && justified(section.shapes, { ...this.measures, closed });
    let height = section.layout?.height ?? 0;
    const missing = section.number - (section.shapes?.length ?? 0);
    if (missing) height += guessed(missing, this.usual, this.measures);
    section.height = heading + height;
    section.box.style.setProperty("height", `${height}px`);
    this.outline(section, false);
  }

  /** Let a section that waits for its photos look as it will with them. */
  outline(section, shown) {
    if (section.outlined === shown || (shown && !section.known)) return;
    section.outlined = shown;
    section.box.classList.toggle("outlined", shown);
    section.box.style.setProperty("clip-path", shown ? outlined(section.layout.boxes) : "none");
  }

  stack() {
    let top = 0;
    for (const section of this.sections) {
      section.top = top;
      top += section.height;
    }
    this.height = top;
  }

  get start() {
    return this.root.getBoundingClientRect().top + scrollY;
  }

  /** The part of the grid that is seen, from its own top. */
  get view() {
    const top = scrollY - this.start;
    return { top, bottom: top + innerHeight };
  }

  within(top, bottom) {
    return this.sections.filter((section) => section.top < bottom && section.top + section.height > top);
  }

  sectionAt(y) {
    return this.sections.find((section) => section.top + section.height > y) ?? this.sections[this.sections.length - 1];
  }

  sectionOf(at) {
    return this.sections.find((section) => at < section.first + section.number);
  }

  update() {
    const { top, bottom } = this.view;
    const [far, near] = [innerHeight * FAR, innerHeight * NEAR];
    for (const section of this.sections) {
      const isFar = section.top > bottom + far || section.top + section.height < top - far;
      if (isFar && !section.filled) this.outline(section, false);
      else if (isFar && !section.node.contains(document.activeElement)) this.empty(section);
    }
    for (const section of this.within(top - near, bottom + near)) {
      if (section.ready && !section.filled) this.fill(section);
      this.outline(section, !section.filled || section.partial);
    }
    this.fetchSoon();
    this.moved();
  }

  fetchNear() {
    const near = innerHeight * NEAR;
    const { top, bottom } = this.view;
    const wanted = new Set(this.within(top - near, bottom + near));
    for (const section of this.sections) if (section.abort && !wanted.has(section)) section.abort.abort();
    for (const section of wanted) this.load(section);
    this.forget(wanted);
  }

  forget(wanted) {
    const known = this.sections.filter((section) => section.hits && !section.filled && !wanted.has(section));
    for (const section of known.slice(0, Math.max(0, known.length - KEPT))) this.lose(section);
  }

  lose(section) {
    section.hits = undefined;
    section.ready = 0;
    if (!section.known) section.shapes = undefined;
  }

  /** Fetch the photos of a section, and show them. */
  async load(section) {
    if (section.hits) return this.fill(section);
    if (section.loading) return section.loading;
    section.abort = new AbortController();
    section.loading = this.fetch(section, section.abort.signal).finally(() => (section.loading = section.abort = undefined));
    return section.loading;
  }

  async fetch(section, signal) {
    const values = { ...this.asked, limit: section.number, offset: section.first };
    try {
      const found = await get("search", values, { signal });
      this.take(section, found.hits);
    } catch (error) {
      if (error.name !== "AbortError") this.tell(error);
    }
  }

  tell(error) {
    if (this.told) return;
    this.told = toast(error.message, { bad: true, label: "Retry", act: () => ((this.told = undefined), this.fetchNear()) });
  }

  take(section, hits) {
    section.hits = hits;
    const tiles = hits.map((hit, index) => this.tiles.get(section.first + index) ?? tileOf(hit, section.first + index, this.asked));
    tiles.forEach((tile, index) => this.tiles.set(section.first + index, tile));
    section.partial = section.filled = false;
    section.number = hits.length || section.number;
    section.ready = hits.length;
    const shapes = tiles.map((tile) => Number(tile.dataset.shape));
    if (!section.known || !isSame(shapes, section.shapes)) this.replace(section, shapes);
    this.fill(section);
  }

  /** Lay a section out anew: its photos are not what was guessed, or not those that were told. */
  replace(section, shapes) {
    const before = section.height;
    this.know(section, shapes);
    this.place(section);
    if (section.top + before <= this.view.top + this.bar + 2) scrollBy({ top: section.height - before, behavior: "instant" }); // scrolling rounds
    this.stack();
  }

  fill(section) {
    if (section.filled || !section.ready) return;
    const tiles = Array.from({ length: section.ready }, (_, index) => {
      const at = section.first + index;
      const tile = this.tiles.get(at) ?? tileOf(section.hits[index], at, this.asked);
      this.tiles.set(at, tile);
      placeTile(tile, section.layout.boxes[index]);
      return tile;
    });
    section.box.classList.toggle("waiting", section.partial);
    this.outline(section, section.partial);
    const there = [...section.box.children];
    if (there.every((tile, index) => tile === tiles[index])) section.box.append(...tiles.slice(there.length)); // who stays keeps the focus
    else section.box.replaceChildren(...tiles);
    section.filled = true;
    if (!this.entry) this.enterAt(section.first);
  }

  empty(section) {
    section.filled = false;
    section.partial = false;
    section.box.classList.add("waiting");
    section.box.replaceChildren();
    for (let index = 0; index < section.number; index += 1) this.tiles.delete(section.first + index);
    this.outline(section, false);
    if (!section.hits) this.lose(section);
  }

  /** Let Tab enter the grid at this photo. */
  enterAt(at) {
    this.tiles.get(this.entry)?.setAttribute("tabindex", "-1");
    this.entry = at;
    this.tiles.get(at)?.setAttribute("tabindex", "0");
  }

  resized() {
    if (this.root.clientWidth === this.width) return;
    const anchor = this.anchor();
    this.measure();
    for (const section of this.sections) {
      if (!section.filled) continue;
      section.filled = false;
      this.fill(section);
    }
    this.show(anchor.at, anchor.below);
    this.update();
  }

  /** The first photo that is seen, and how far its top is below the bar. */
  anchor() {
    const line = this.view.top + this.bar;
    const section = this.sectionAt(line);
    const inside = line - section.top - (section.heading ? 56 : 0);
    const index = section.layout?.boxes.findIndex((box) => box.top + box.height > inside) ?? -1;
    const box = section.layout?.boxes[Math.max(0, index)];
    return { at: section.first + Math.max(0, index), below: box ? box.top - inside : -inside };
  }

  get bar() {
    return document.querySelector(".bar")?.offsetHeight ?? 0;
  }

  /** Scroll so that a photo's top is so far below the bar. */
  show(at, below = 60) {
    const section = this.sectionOf(at) ?? this.sections[0];
    const box = section.layout?.boxes[at - section.first];
    const inside = box ? box.top : ((at - section.first) / section.number) * section.height;
    scrollTo({ top: this.start + section.top + (section.heading ? 56 : 0) + inside - this.bar - below, behavior: "instant" });
  }

  /** Show a photo wherever it is, loaded first if need be. */
  async reveal(at, below) {
    const section = this.sectionOf(at);
    if (!section) return null;
    this.show(at, below);
    await this.load(section);
    for (let round = 0; round < 2; round += 1) {
      this.show(at, below);
      const { top, bottom } = this.view;
      await Promise.all(this.within(top, bottom).map((each) => this.load(each)));
    }
    this.show(at, below);
    this.update();
    return this.tiles.get(at) ?? null;
  }
}

const isSame = (ones, others) => ones.length === others.length && ones.every((one, index) => one === others[index]);
