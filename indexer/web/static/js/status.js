// The page of the status: kept up to date by server-sent events; a scan can be started and stopped here.

import { get, post } from "./api.js";
import { $, $$, count, el, moment, say, toast, tried } from "./dom.js";

const FILES = 50;

/** Bytes as people read them; the server's filter `size` says the same. */
function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let [value, unit] = [bytes, 0];
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
  return unit ? `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}` : count(bytes, "byte");
}

function show(status) {
  for (const place of $$("[data-figure]")) {
    const value = status[place.dataset.figure];
    place.textContent = value === null ? "–" : value.toLocaleString("en");
    place.parentElement.classList.toggle("attention", ["failed", "missing", "stale"].includes(place.dataset.figure) && value > 0);
  }
  $("#last-indexed").textContent = status.last_indexed ? moment(status.last_indexed) : "never";
  $("#file-bytes").textContent = size(status.file_bytes);
  if (status.folders.length) $("#folders").replaceChildren(...status.folders.map(folder));
  if (status.models.length) $("#models").replaceChildren(...status.models.map((each) => el("li", {}, el("span", { class: "break mono small" }, each.id), el("span", { class: "muted small number" }, `${count(each.photos, "photo")} analyzed`))));
  $("#daemon").replaceChildren(...daemon(status));
  scan(status.scan);
  failures(status.failures);
}

const folder = ({ path, state, reason, last_indexed: last }) => el("li", {}, el("span", { class: "break" }, path), state === "there" ? null : [
  el("span", { class: state === "away" ? "badge warn" : "badge" }, state),
  el("span", { class: "muted small" }, last ? `${reason}; last indexed ${moment(last)}` : reason),
]);

function daemon({ daemon: known, paused_since: paused }) {
  const lines = [];
  if (!known) lines.push(el("p", { class: "muted" }, "The folders are not being watched. Start ", el("code", {}, "indexer watch"), " to watch them."));
  else if (!known.pid) lines.push(el("p", {}, "'indexer watch' is running, but its status cannot be read."));
  else {
    lines.push(el("p", {}, el("span", { class: "badge good" }, known.phase), known.reason ? ` ${known.reason}` : ""));
    lines.push(el("p", { class: "muted small" }, `${count(known.queued, "photo")} in the queue, ${known.photos_per_second.toFixed(1)} per second; ${known.indexed.toLocaleString("en")} done and ${known.failed.toLocaleString("en")} failed since ${moment(known.since)}.`));
  }
  if (paused) lines.push(el("p", { class: "badge warn" }, `paused since ${moment(paused)}`));
  return lines;
}

let was = false;
const RUNNING = ["building", "comparing", "scanning"];
const PHASES = { building: "Building models …", comparing: "Looking for new photos …" };

function scan(known) {
  const running = !!known && RUNNING.includes(known.phase);
  $("#scan-card").hidden = !known;
  if ($("#scan")) {
    $("#scan").disabled = running;
    $("#stop").hidden = !running;
  }
  if (!known) return;
  const text = scanText(known, running);
  if ($("#scan-text").textContent !== text) $("#scan-text").textContent = text;
  const progress = $("#scan-progress");
  progress.hidden = !running;
  if (known.total) {
    progress.max = known.total;
    progress.value = known.done;
  } else progress.removeAttribute("value");
  const trouble = known.trouble.map((each) => `${each.path}: ${each.reason}`);
  $("#scan-more").textContent = [running && known.photos_per_second && `${known.photos_per_second.toFixed(1)} photos per second`, running && left(known.seconds_left), running && known.last_photo?.path, ...trouble].filter(Boolean).join(" · ");
  if (was && !running) say("Scan finished");
  was = running;
}

const TOLD = { moved: "moved", copied: "copied", removed: "missing", failed: "failed" };

function scanText(known, running) {
  if (running && !known.total) return PHASES[known.phase] ?? "Starting the scan …";
  if (running) return `${known.done.toLocaleString("en")} of ${count(known.total, "photo")}, ${count(known.faces, "face")} so far`;
  if (known.phase === "failed") return `The scan failed: ${known.reason}`;
  const parts = [`${known.indexed.toLocaleString("en")} indexed`, `${known.unchanged.toLocaleString("en")} unchanged`];
  for (const [kind, said] of Object.entries(TOLD)) if (known[kind]) parts.push(`${known[kind].toLocaleString("en")} ${said}`);
  return `${known.phase === "stopped" ? "Stopped" : "Done"}, ${moment(known.ended_at)}: ${parts.join(", ")}.`;
}

function left(seconds) {
  if (seconds === null) return "";
  return seconds < 90 ? `about ${seconds} s left` : `about ${Math.round(seconds / 60)} min left`;
}

const keyOf = (each) => JSON.stringify([each.stage, each.reason]);

function failures(all) {
  $("#failures").hidden = !all.length;
  const known = new Map($$("#failure-list > li").map((item) => [keyOf($("details", item).dataset), item]));
  $("#failure-list").replaceChildren(...all.map((each) => {
    const item = known.get(keyOf(each)) ?? failure(each);
    $(".badge", item).textContent = each.photos.toLocaleString("en");
    return item;
  }));
}

const failure = (each) => el("li", {}, el("details", { dataset: { stage: each.stage, reason: each.reason } },
  el("summary", {}, el("span", { class: "badge bad number" }), el("span", { class: "break" }, el("span", { class: "muted" }, `${each.stage}:`), ` ${each.reason}`)), el("ul", { class: "lines files" })));

/** The files of a reason are fetched when it is opened. */
async function files(details) {
  const { stage, reason } = details.dataset;
  const list = $(".files", details);
  const found = [];
  for (let offset = 0; found.length < FILES; offset += 500) {
    const page = await get("failures", { stage, limit: 500, offset });
    found.push(...page.failures.filter((each) => each.reason === reason));
    if (offset + 500 >= page.total) break;
  }
  list.replaceChildren(...found.slice(0, FILES).map((each) => el("li", { class: "break" }, each.photo ? el("a", { href: `/photos/${each.photo}` }, each.path) : each.path)));
}

$("#failure-list").addEventListener("toggle", (event) => event.target.open && tried(() => files(event.target)), true);
$("#scan")?.addEventListener("click", () => tried(async () => {
  scan(await post("scan", { retry_failed: false }));
  say("Scan started");
}));
$("#retry")?.addEventListener("click", () => tried(async () => {
  scan(await post("scan", { retry_failed: true }));
  toast("Retrying failed photos.");
}));
$("#stop")?.addEventListener("click", () => tried(() => post("scan/stop")));

const events = new EventSource("/api/events");
events.addEventListener("status", (event) => show(JSON.parse(event.data)));
addEventListener("pagehide", () => events.close());
addEventListener("pageshow", (event) => event.persisted && location.reload());
tried(() => get("status").then(show));
