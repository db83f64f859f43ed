// The page of all tags: what is typed filters them; those that are not on this page are fetched for that.

import { get, query } from "./api.js";
import { $, $$, count, el, rested, say } from "./dom.js";

const list = $("#tags");
const AT_A_TIME = 500;

async function all() {
  const total = Number(list.dataset.total);
  if (Number(list.dataset.offset) === 0 && Number(list.dataset.limit) >= total) return;
  const most = Number($("meter", list)?.max) || 1;
  const found = [];
  while (found.length < total) {
    const page = await get("tags", { limit: AT_A_TIME, offset: found.length });
    if (!page.tags.length) break;
    found.push(...page.tags);
  }
  list.replaceChildren(...found.map((tag) => el("li", { dataset: { name: tag.name.toLowerCase() } },
    el("a", { href: `/${query({ q: `"${tag.name.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` })}` }, el("span", { class: "cut" }, tag.name), el("span", { class: "count number" }, tag.photos.toLocaleString("en")),
      el("meter", { min: "0", max: Math.max(most, tag.photos), value: tag.photos, "aria-hidden": "true" })))));
  $("#more").hidden = true;
}

function filter() {
  const input = $("#filter");
  $("#filter-box").hidden = false;
  let loaded;
  const tell = rested((shown) => say(count(shown, "tag")), 600);
  const show = async () => {
    const wanted = input.value.trim().toLowerCase();
    if (wanted) await (loaded ??= all().catch(() => (loaded = undefined)));
    let shown = 0;
    for (const item of $$("li", list)) {
      item.hidden = !item.dataset.name.includes(wanted);
      shown += item.hidden ? 0 : 1;
    }
    $("#no-tag").hidden = shown > 0;
    tell(shown);
  };
  input.addEventListener("input", rested(show, 100));
}

if (list) filter();
