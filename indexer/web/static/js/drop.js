// A picture that is dropped, pasted or chosen is kept in the browser (IndexedDB) and shown by /look: it outlives the change of page.

import { el, icon, toast } from "./dom.js";

const KEY = "picture";

export async function keep(file) {
  await inStore("readwrite", (store) => store.put({ file, name: file.name || "pasted picture" }, KEY));
}

export const kept = () => inStore("readonly", (store) => store.get(KEY));
export const drop = () => inStore("readwrite", (store) => store.delete(KEY));

function inStore(mode, work) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("indexer", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("look");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const asked = work(opening.result.transaction("look", mode).objectStore("look"));
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    };
  });
}

/** Show a picture on /look. */
export async function look(file) {
  try {
    await keep(file);
    location.assign("/look");
  } catch {
    toast("This browser cannot store pictures for pages; this may be a private window.", { bad: true });
  }
}

/** A page that shows pictures itself takes the event "picture"; from any other /look is opened. */
function take(file) {
  if (document.dispatchEvent(new CustomEvent("picture", { detail: file, cancelable: true }))) look(file);
}

export function acceptDrops() {
  const zone = el("div", { class: "dropzone", hidden: true, "aria-hidden": "true" },
    el("div", {}, icon("look"), el("strong", {}, "Drop the picture"), el("span", {}, "Find out what and who is in it.")));
  document.body.append(zone);
  const hasFile = (event) => !own && [...(event.dataTransfer?.types ?? [])].includes("Files");
  let inside = 0;
  let own = false; // a picture of this page that is dragged is no news
  document.addEventListener("dragstart", () => (own = true));
  document.addEventListener("dragend", () => (own = false));
  const leave = () => {
    inside = 0;
    zone.hidden = true;
  };
  document.addEventListener("dragenter", (event) => {
    if (!hasFile(event)) return;
    inside += 1;
    zone.hidden = false;
  });
  document.addEventListener("dragleave", (event) => hasFile(event) && --inside <= 0 && leave());
  document.addEventListener("dragover", (event) => hasFile(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    leave();
    const file = event.dataTransfer.files[0];
    if (file) take(file);
  });
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (file?.type.startsWith("image/")) take(file);
  });
}
