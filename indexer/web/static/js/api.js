// Requests to the API; what it refuses becomes an Error whose message is for people.

import { $ } from "./dom.js";

export const get = (path, values = {}, options = {}) => ask(`/api/${path}${query(values)}`, options);

export const post = (path, body = {}) =>
  ask(`/api/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Send a picture's bytes. */
export const send = (path, file, values = {}, options = {}) =>
  ask(`/api/${path}${query(values)}`, { method: "POST", headers: { "Content-Type": file.type.startsWith("image/") ? file.type : "application/octet-stream" }, body: file, ...options });

/** Return "?a=1&b=2" without what is empty. */
export function query(values) {
  const kept = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return kept.length ? `?${new URLSearchParams(kept)}` : "";
}

async function ask(address, options) {
  const headers = new Headers(options.headers);
  headers.set("Accept", "application/json");
  if (options.method === "POST") headers.set("X-CSRF-Token", $('meta[name="csrf-token"]')?.content ?? "");
  const response = await fetch(address, { ...options, headers, credentials: "same-origin" }).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not respond. Is it still running?");
  });
  if (response.ok) return response.status === 204 ? null : response.json();
  throw await refusal(response);
}

async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const wait = response.headers.get("Retry-After");
  const text = problem.detail || problem.title || `The server responded with status ${response.status}.`;
  const error = new Error(response.status === 503 && wait ? `${text} Try again in ${wait} s.` : text);
  error.status = response.status;
  error.problem = problem;
  if (response.status === 401) location.assign(`/login${query({ next: location.pathname + location.search })}`);
  return error;
}
