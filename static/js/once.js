// A form whose answer is shown once is not sent twice by a double click: the second answer would hide the first.
"use strict";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!("once" in form.dataset)) return;
  if (form.dataset.once) event.preventDefault();
  form.dataset.once = "sent";
});

// A page that comes back out of the browser's memory may be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) form.dataset.once = "";
});
