// People to choose from, by what is typed of their names; loaded when first needed.

import { get } from "./api.js";
import { combobox } from "./combobox.js";
import { count } from "./dom.js";

const MOST = 8;
const AT_A_TIME = 500;
let loading;
document.addEventListener("people", () => (loading = undefined)); // somebody has another name

const named = () => (loading ??= all().catch((error) => {
  loading = undefined;
  throw error;
}));

async function all() {
  const people = [];
  for (;;) {
    const page = await get("people", { named: true, limit: AT_A_TIME, offset: people.length });
    people.push(...page.people);
    if (people.length >= page.total || !page.people.length) return people;
  }
}

/** Let a field suggest the names of people. choose: called with the person that was taken. */
export function suggestPeople(input, choose, but = null) {
  return combobox(input, {
    label: "People",
    when: "focus",
    choices: async (text) => {
      const wanted = text.trim().toLowerCase();
      const people = (await named()).filter((each) => each.person !== but && each.name && each.name.toLowerCase() !== wanted);
      return people
        .filter((each) => each.name.toLowerCase().split(/\s+/).some((word) => word.startsWith(wanted)) || each.name.toLowerCase().startsWith(wanted))
        .slice(0, MOST)
        .map((each) => ({ text: each.name, person: each.person, icon: "person", count: count(each.photos, "photo") }));
    },
    choose,
  });
}
