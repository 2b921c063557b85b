// What does not fit on a page, in words: the page itself, texts that are cut off, labels, texts upon each other.
() => {
  const unseen = new Set();
  for (const it of document.body.querySelectorAll("*")) {
    if (unseen.has(it.parentElement) || getComputedStyle(it).clipPath === "inset(50%)" || it.matches(".skip, pre, svg")) unseen.add(it);
  }
  const isSeen = (it) => it.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true })
    && !unseen.has(it);
  const all = [...document.body.querySelectorAll("*")].filter((it) => it.clientWidth > 1 && isSeen(it));
  const tooWide = all.filter((it) => it.scrollWidth > it.clientWidth + 1);
  const brief = (it) => (it.outerHTML || it.textContent).replace(/\s+/g, " ").slice(0, 160);
  const told = [];

  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const out = all.filter((it) => it.getBoundingClientRect().right > root.clientWidth + 0.5).pop();
    told.push(`it is wider than the screen: ${out ? brief(out) : ""}`);
  }
  for (const it of tooWide) {
    if (it.matches("button, summary, .button")) told.push(`wider than its button: ${brief(it)}`);
    else if (!it.matches("input, textarea, select") && /hidden|clip/.test(getComputedStyle(it).overflowX)) told.push(`cut off: ${brief(it)}`);
  }

  const texts = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode;
    if (!text.data.trim() || !isSeen(text.parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const box of range.getClientRects()) if (box.width > 1) texts.push({ text, box });
  }
  // Lines may touch: letters reach out of their line's height a little.
  const isUpon = (one, other) => Math.min(one.right, other.right) - Math.max(one.left, other.left) > 2
    && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 0.5 * Math.min(one.height, other.height);
  texts.forEach((one, index) => {
    const other = texts.slice(index + 1).find((each) => each.text !== one.text && isUpon(one.box, each.box));
    if (other) told.push(`upon another text: ${brief(one.text)} | ${brief(other.text)}`);
  });
  return told;
}
