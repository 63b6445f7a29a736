// Filters what is on the page by words and outcomes. Without it everything is there, and nothing is hidden.
(() => {
  "use strict";
  const form = document.getElementById("filter");
  const words = document.getElementById("words");
  const found = document.getElementById("found");
  const outermost = (node) => !node.parentElement.closest("[data-o]");
  const items = [...document.querySelectorAll("[data-o]")].filter(outermost).map((node) => ({
    node, text: node.textContent.toLowerCase(), outcomes: node.dataset.o.split(" "),
  }));
  const groups = [...document.querySelectorAll("[data-group]")];
  const apply = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcomes = [...form.querySelectorAll("[name=outcome]:checked")].map((box) => box.value);
    let shown = 0;
    for (const item of items) {
      const fits = wanted.every((word) => item.text.includes(word)) && item.outcomes.some((o) => outcomes.includes(o));
      item.node.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("[data-o]:not([hidden])");
    }
    found.textContent = shown === items.length ? "" : `${shown} of ${items.length} entries are shown`;
  };
  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
  form.addEventListener("submit", (event) => event.preventDefault());
  const all = document.getElementById("all");
  all.addEventListener("click", () => {
    const open = all.getAttribute("aria-pressed") !== "true";
    all.setAttribute("aria-pressed", String(open));
    for (const part of document.querySelectorAll("details")) part.open = open;
  });
  form.hidden = false;
})();
