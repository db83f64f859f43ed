// Shapes (width by height) flow in, places in rows that fill the width flow out: nearly those that grid.css makes by flex.

const SMALLEST = 0.3;
const STEP = Math.log(1.04);
const STEPS = 66;
const TALL = 1.5; // rows: so much taller than usual is too tall
const TAIL = 3; // full rows that are broken anew where the rest would leave a gap

/** Return the step of ratios.css that is nearest to a photo's shape, as the server's `shape`. */
export function shapeOf(width, height) {
  const ratio = width && height ? width / height : 1.5;
  return Math.min(STEPS, Math.max(0, Math.round(Math.log(ratio / SMALLEST) / STEP)));
}

export const ratioOf = (shape) => SMALLEST * 1.04 ** shape;

/**
 * ratios: of the photos.  width, gap, row: in CSS pixels; row is about the least height of a full row.
 * closed: nothing follows, so the last row may be short.  Returns {height, boxes, rows: [[first, end]…]}.
 */
export function justified(ratios, { width, gap, row, closed }) {
  const rows = broken(ratios, width, gap, row);
  const full = closed ? rows : evened(ratios, rows, width, gap, row);
  const boxes = [];
  let top = 0;
  full.forEach(([first, end], index) => {
    const part = ratios.slice(first, end);
    const fills = (width - gap * (part.length - 1)) / sum(part);
    const isLast = closed && index === full.length - 1;
    const height = isLast ? Math.min(row, fills) : fills;
    let left = 0;
    for (const ratio of part) {
      boxes.push({ left, top, width: ratio * height, height });
      left += ratio * height + gap;
    }
    top += height + gap;
  });
  return { height: top, boxes, rows: full };
}

/** What a grid is laid out by: its width, and what grid.css says. */
export function measuresOf(root) {
  const style = getComputedStyle(root);
  return { width: root.clientWidth, gap: parseFloat(style.getPropertyValue("--gap")), row: parseFloat(style.getPropertyValue("--row")) };
}

export function placeTile(tile, box) {
  for (const side of ["left", "top", "width", "height"]) tile.style.setProperty(side, `${box[side].toFixed(2)}px`);
}

/** Guess the height of so many photos of a usual shape. */
export function guessed(number, ratio, { width, gap, row }) {
  const inRow = Math.max(1, Math.floor((width + gap) / (ratio * row + gap)));
  const height = Math.max(row, (width - gap * (inRow - 1)) / (inRow * ratio));
  return Math.ceil(number / inRow) * (Math.min(height, row * 1.6) + gap);
}

/** Rows end as flex would end them; but where that leaves one too tall, the next photo is squeezed in. */
function broken(ratios, width, gap, row) {
  const rows = [];
  let [first, used] = [0, 0];
  const end = (index, rest) => {
    rows.push([first, index]);
    [first, used] = [index, rest];
  };
  ratios.forEach((ratio, index) => {
    const wants = used + ratio;
    if (index === first || wants * row + gap * (index - first) <= width + 0.01) {
      used = wants;
      return;
    }
    const [tall, low] = [width / (used * row), (wants * row) / width]; // times the usual height without it, and the other way with it
    if (tall > TALL && low < tall) end(index + 1, 0);
    else end(index, ratio);
  });
  if (first < ratios.length) rows.push([first, ratios.length]);
  return rows;
}

function evened(ratios, rows, width, gap, row) {
  const kept = rows.slice(0, Math.max(0, rows.length - 1 - TAIL));
  const from = kept.length ? kept[kept.length - 1][1] : 0;
  const tail = ratios.slice(from);
  const total = sum(tail);
  const number = Math.min(tail.length, Math.max(1, Math.round((total * row + gap * tail.length) / (width * 1.06))));
  const ends = [];
  let reached = 0;
  tail.forEach((ratio, index) => {
    const goal = (total * (ends.length + 1)) / number;
    const left = tail.length - index - 1;
    reached += ratio;
    if (ends.length < number - 1 && (reached + ratio / 2 >= goal || left < number - ends.length)) ends.push(from + index + 1);
  });
  ends.push(ratios.length);
  return [...kept, ...ends.map((end, index) => [index ? ends[index - 1] : from, end])].filter(([first, end]) => end > first);
}

const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);
