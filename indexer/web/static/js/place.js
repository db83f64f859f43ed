// Where somebody was in a grid, kept for this tab: the way back leads there, or to the photo that was seen last.

const KEY = "indexer.place";

export const keyOf = (asked) => JSON.stringify([asked.q ?? "", asked.sort ?? ""]);

/** place: at, below (of the first photo in view, and how far below the bar it is), seen (the photo that was opened last). */
export function remember(asked, place) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...place, key: keyOf(asked) }));
  } catch { /* not kept, then */ }
}

export function remembered(asked) {
  try {
    const place = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    return place?.key === keyOf(asked) ? place : null;
  } catch {
    return null;
  }
}
