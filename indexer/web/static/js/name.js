// A name for a person flows to the server; where somebody else has it, the user is asked whether they are one.

import { post } from "./api.js";
import { el } from "./dom.js";

/** Return true; "merged" where two became one; false where the user did not agree. */
export async function nameThem(person, name) {
  try {
    await post(`people/${person}/name`, { name, merge: false });
  } catch (error) {
    if (error.status !== 409) throw error;
    if (!(await agreed(`“${name}” already exists`, "If they are the same person, their faces are merged.", "Merge"))) return false;
    await post(`people/${person}/name`, { name, merge: true });
    return "merged";
  }
  return true;
}

/** Ask in a dialog; true where the user agrees. */
export function agreed(title, text, yes) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { "aria-labelledby": "dialog-title" },
      el("h2", { id: "dialog-title", class: "break" }, title), el("p", { class: "muted" }, text),
      el("div", { class: "actions" },
        el("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
        el("button", { type: "button", class: "button main", onclick: () => dialog.close("yes") }, yes)));
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
