// After each change of people: a line that says what became, with "Undo"; Ctrl+Z does the same.

import { get, post } from "./api.js";
import { isTyping, toast, tried } from "./dom.js";

const SAID = "indexer.said";

/** Tell what was done, now or, where the page is loaded anew for it, after that. */
export function done(text, { reload = true, to = "" } = {}) {
  document.dispatchEvent(new Event("people"));
  if (!reload) return offer(text);
  try {
    sessionStorage.setItem(SAID, text);
  } catch { /* not told, then */ }
  if (to) location.assign(to);
  else location.reload();
  return undefined;
}

const offer = (text) => toast(text, { label: "Undo", act: undo, stays: 15000 });

export const undo = () => tried(async () => {
  const { undone } = await post("people/undo");
  done(undone ? `Undone: ${undone}` : "There is nothing to undo.", { to: location.pathname + location.search });
});

export function undoKeys() {
  let said = null;
  try {
    said = sessionStorage.getItem(SAID);
    sessionStorage.removeItem(SAID);
  } catch { /* nothing was kept */ }
  if (said?.startsWith("Undone") || said?.startsWith("There is")) toast(said);
  else if (said) offer(said);
  document.addEventListener("keydown", async (event) => {
    if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || isTyping(event.target)) return;
    event.preventDefault();
    const last = await tried(() => get("people/undo"));
    if (last?.about) undo();
    else if (last) toast("There is nothing to undo.");
  });
}
