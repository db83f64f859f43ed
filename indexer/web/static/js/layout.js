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

const RATIOS = Float64Array.from({ length: STEPS + 1 }, (_, shape) => SMALLEST * 1.04 ** shape);

export const ratioOf = (shape) => RATIOS[shape];

/** Return the shapes that the server tells of a whole search, a number a photo. */
export function shapesFrom({ steps }) {
  const bytes = atob(steps);
  const shapes = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) shapes[at] = Math.min(STEPS, bytes.charCodeAt(at));
  return shapes;
}

/**
 * shapes: of the photos.  width, gap, row: in CSS pixels; row is about the least height of a full row.
 * closed: nothing follows, so the last row may be short.  Returns {height, boxes, rows: [[first, end]…]}; boxes are
 * worked out when somebody asks for them: the height of a hundred thousand photos is known without.
 */
export function justified(shapes, { width, gap, row, closed }) {
  const ratios = Array.from(shapes, ratioOf);
  const ends = broken(ratios, width, gap, row);
  const rows = closed ? ends : evened(ratios, ends, width, gap, row);
  const heights = rows.map(([first, end], index) => {
    const fills = (width - gap * (end - first - 1)) / sum(ratios, first, end);
    return closed && index === rows.length - 1 ? Math.min(row, fills) : fills;
  });
  let made = null;
  const boxes = () => (made ??= boxesOf(ratios, rows, heights, gap));
  return { height: heights.reduce((top, height) => top + height + gap, 0), rows, get boxes() { return boxes(); } };
}

function boxesOf(ratios, rows, heights, gap) {
  const boxes = [];
  let top = 0;
  rows.forEach(([first, end], index) => {
    const height = heights[index];
    let left = 0;
    for (let at = first; at < end; at += 1) {
      boxes.push({ left, top, width: ratios[at] * height, height });
      left += ratios[at] * height + gap;
    }
    top += height + gap;
  });
  return boxes;
}

/** Return a CSS shape of all boxes: what is seen of a section before its photos are there. */
export function outlined(boxes) {
  const parts = boxes.map(({ left, top, width, height }) => `M${left.toFixed(2)} ${top.toFixed(2)}h${width.toFixed(2)}v${height.toFixed(2)}h-${width.toFixed(2)}z`);
  return `path("${parts.join("")}")`;
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
  const total = sum(tail, 0, tail.length);
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

function sum(numbers, first, end) {
  let total = 0;
  for (let index = first; index < end; index += 1) total += numbers[index];
  return total;
}
