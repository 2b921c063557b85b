// Makes the pages live: copy buttons, the countdown, and the code said once. All works without it.
"use strict";

document.documentElement.classList.add("js");

// Times are shown in this device's zone from the next page on.
document.cookie = "tz=" + encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone)
  + "; path=/; max-age=31536000; samesite=lax";

// A menu that is open closes by Escape, and by a click beside it.
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector("details.more[open]");
  if (open) { open.open = false; open.querySelector("summary").focus(); }
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.more[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

function copyFrom(button) {
  const text = document.getElementById(button.dataset.from);
  const value = text.dataset.copy || text.textContent;
  if (!navigator.clipboard) { select(text); return; }
  navigator.clipboard.writeText(value).then(() => {
    const words = button.querySelector("span") ?? button;
    const label = words.textContent;
    words.textContent = button.dataset.done;
    setTimeout(() => { words.textContent = label; }, 1500);
  }, () => select(text));
}

// Without the clipboard (a page that is not on https, or a browser that forbids it) the text is marked for copying by hand.
function select(text) {
  getSelection().selectAllChildren(text);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button && !button.dataset.busy) {
    button.dataset.busy = "1";
    setTimeout(() => { delete button.dataset.busy; }, 1600);
    copyFrom(button);
  }
});

// The end is counted from the moment the page came, so the clock of this device does not matter.
function tick() {
  for (const clock of document.querySelectorAll(".countdown")) {
    clock.endsAt ??= performance.now() + 1000 * Number(clock.dataset.seconds);
    const left = Math.max(0, Math.round((clock.endsAt - performance.now()) / 1000));
    clock.textContent = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
  }
}

function announce() {
  const place = document.getElementById("announce");
  const code = document.getElementById("code");
  const words = code ? code.dataset.announce : "";
  if (place && place.textContent !== words) place.textContent = words;
}

document.addEventListener("htmx:afterSettle", () => { tick(); announce(); });
setInterval(tick, 1000);
tick();
