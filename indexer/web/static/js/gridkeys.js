// Arrow keys in the grid: one photo is in the order of Tab, arrows go to its neighbors as they are seen; the first one, where
// nothing has the focus, to the first photo that is seen.

const ARROWS = ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"];

export function gridKeys(grid, total) {
  const go = async (at) => {
    if (at < 0 || at >= total) return;
    const section = grid.sectionOf(at);
    await grid.load(section);
    const tile = grid.tiles.get(at);
    if (!tile) return;
    grid.enterAt(at);
    tile.focus({ preventScroll: true });
    const seen = tile.getBoundingClientRect();
    if (seen.top < grid.bar + 8) grid.show(at, 64);
    else if (seen.bottom > innerHeight - 70) grid.show(at, innerHeight - grid.bar - seen.height - 80);
  };

  /** The photo above or below: in the next row, whose middle is nearest. */
  const vertical = async (at, step) => {
    const section = grid.sectionOf(at);
    const box = section.layout.boxes[at - section.first];
    const row = section.layout.rows.findIndex(([, end]) => at - section.first < end) + step;
    let [other, place] = [section, row];
    if (row < 0 || row >= section.layout.rows.length) {
      other = grid.sections[grid.sections.indexOf(section) + step];
      if (!other) return null;
      await grid.load(other);
      place = step > 0 ? 0 : (other.layout?.rows.length ?? 1) - 1;
    }
    const [first, end] = other.layout?.rows[place] ?? [0, 0];
    const middle = box.left + box.width / 2;
    const distance = (index) => Math.abs(other.layout.boxes[index].left + other.layout.boxes[index].width / 2 - middle);
    let best = first;
    for (let index = first; index < end; index += 1) if (distance(index) < distance(best)) best = index;
    return other.first + best;
  };

  const firstSeen = () => {
    const isSeen = ([, tile]) => tile.getBoundingClientRect().top >= grid.bar && tile.getBoundingClientRect().top < innerHeight;
    return Math.min(...[...grid.tiles].filter(isSeen).map(([at]) => at));
  };

  document.addEventListener("keydown", (event) => {
    const isFree = event.target === document.body || event.target.id === "main";
    if (!ARROWS.includes(event.key) || !isFree || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const at = firstSeen();
    if (!Number.isFinite(at)) return;
    event.preventDefault();
    go(at);
  });
  grid.root.addEventListener("focusin", (event) => event.target.matches(".tile") && grid.enterAt(Number(event.target.dataset.at)));
  grid.root.addEventListener("keydown", async (event) => {
    if (!event.target.matches(".tile") || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = Number(event.target.dataset.at);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: total - 1 }[event.key];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (to === undefined && step === undefined) return;
    event.preventDefault();
    const target = step === undefined ? to : await vertical(at, step);
    if (target !== null) await (step === undefined && Math.abs(target - at) > 1 ? grid.reveal(target).then(() => go(target)) : go(target));
  });
}
