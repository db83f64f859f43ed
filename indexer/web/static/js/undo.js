// After each act of the user: a line that says what became, with "Undo"; Ctrl+Z takes back the newest act of any kind.

import { post } from "./api.js";
import { isTyping, toast, tried } from "./dom.js";

const SAID = "indexer.said";

/** Tell what was done, now or, where the page is loaded anew for it, after that. */
export const done = (text, where = {}) => tell({ text, label: "Undo" }, where);

/** Take back an entry of the history, or without its id the newest act; that can be taken back in turn. */
export const undo = (id = null) => tried(async () => {
  const { undone, again, id: entry } = await post("undo", { id });
  if (!undone) return toast("There is nothing to undo.");
  const told = again ? { text: `Redone: ${undone}`, label: "Undo" } : { text: `Undone: ${undone}`, label: "Redo" };
  return tell({ ...told, id: entry }, { to: location.pathname + location.search });
});

/** told: the text, and the button with the entry that it takes back (none: the newest act). */
function tell(told, { reload = true, to = "" } = {}) {
  document.dispatchEvent(new Event("people"));
  if (!reload) return offer(told);
  try {
    sessionStorage.setItem(SAID, JSON.stringify(told));
  } catch { /* not told, then */ }
  if (to) location.assign(to);
  else location.reload();
  return undefined;
}

const offer = ({ text, label, id = null }) => toast(text, { label, act: () => undo(id), stays: 15000 });

export function undoKeys() {
  let said = null;
  try {
    said = JSON.parse(sessionStorage.getItem(SAID));
    sessionStorage.removeItem(SAID);
  } catch { /* nothing was kept */ }
  if (said) offer(said);
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || isTyping(event.target)) return;
    event.preventDefault();
    undo();
  });
}
