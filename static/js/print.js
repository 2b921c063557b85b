// The button that prints a page; without script it is not shown, and the browser's own way is left.
"use strict";

document.addEventListener("click", (event) => {
  if (event.target.closest("button.print")) print();
});
