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

// One Idempotency-Key until a reply is there: sent again after a lost one, the same purchase buys no second number.
function idempotencyKey(form) {
  form.dataset.wish ||= Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return form.dataset.wish;
}

function wish(form) {
  const body = form.querySelector("#try-body");
  const headers = { Authorization: `Bearer ${form.querySelector("#try-key").value.trim()}` };
  if (body) Object.assign(headers, { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey(form) });
  return { method: form.dataset.method, headers, body: body?.value, credentials: "omit", cache: "no-store" };
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

async function send(form, status, place) {
  const reply = await fetch(form.querySelector("#try-path").value, wish(form)); // by its pattern within this shop
  place.querySelector(".try-text").textContent = pretty(await reply.text());
  if (reply.status < 500 && ![409, 429].includes(reply.status)) form.dataset.wish = "";
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
  form.addEventListener("input", (event) => { if (event.target.id !== "try-key") form.dataset.wish = ""; });
  form.addEventListener("submit", (event) => { event.preventDefault(); tryIt(form, part); });
  addEventListener("pagehide", () => { form.querySelector("#try-key").value = ""; });
}
