// The docs: one language for all samples, remembered; and the form that sends a call. Both are extras.
"use strict";

const LANGUAGE = "docs-language";
const TELLING = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After", "ETag", "Idempotent-Replayed", "X-Request-Id"];

function choose(language) {
  for (const tab of document.querySelectorAll(".sample-tabs input")) {
    if (tab.value === language) tab.checked = true;
  }
}

document.addEventListener("change", (event) => {
  if (!event.target.matches(".sample-tabs input")) return;
  choose(event.target.value);
  try { localStorage.setItem(LANGUAGE, event.target.value); } catch { /* not remembered, then */ }
});
try { choose(localStorage.getItem(LANGUAGE)); } catch { /* a browser that keeps nothing */ }

function wish(form) {
  const body = form.querySelector("#try-body");
  const headers = { Authorization: `Bearer ${form.querySelector("#try-key").value.trim()}` };
  if (body) headers["Content-Type"] = "application/json";
  return { method: form.dataset.method, headers, body: body?.value, credentials: "omit", cache: "no-store" };
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

async function send(form, status, place) {
  const reply = await fetch(form.querySelector("#try-path").value, wish(form)); // by its pattern within this shop
  place.querySelector(".try-text").textContent = pretty(await reply.text());
  const told = TELLING.filter((name) => reply.headers.has(name)).map((name) => `${name}: ${reply.headers.get(name)}`);
  place.querySelector(".try-headers").textContent = told.join("\n");
  place.hidden = false;
  status.textContent = status.dataset.done.replace("{status}", `${reply.status} ${reply.statusText}`.trim());
}

async function tryIt(form, part) {
  const status = part.querySelector("[role=status]");
  const place = part.querySelector(".try-reply");
  const button = form.querySelector("button");
  button.disabled = true;
  place.hidden = true;
  status.textContent = status.dataset.waits;
  try { await send(form, status, place); } catch { status.textContent = status.dataset.lost; }
  button.disabled = false;
}

for (const part of document.querySelectorAll(".try")) {
  const form = part.querySelector("form");
  part.hidden = false;
  form.addEventListener("submit", (event) => { event.preventDefault(); tryIt(form, part); });
  addEventListener("pagehide", () => { form.querySelector("#try-key").value = ""; });
}
