// The page of duplicates: a path is copied for the program that deletes; this one deletes nothing.

import { get } from "./api.js";
import { $, $$, toast } from "./dom.js";

const AGAIN_MS = 2000;

/** Copies in a large library take a while to find: the page is shown when they are there. */
async function wait(working) {
  const found = await get("duplicates", { identical: working.dataset.identical, limit: 1 }).catch(() => null);
  if (found && found.state !== "working") location.reload();
  else setTimeout(() => wait(working), AGAIN_MS);
}

if ($("#working")) wait($("#working"));

for (const button of $$(".copy-path")) {
  if (!navigator.clipboard) continue; // only over HTTPS or on this machine
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.path);
      toast("Path copied.", { stays: 3000 });
    } catch {
      toast(`The browser does not allow copying. Path: ${button.dataset.path}`, { bad: true });
    }
  });
}
