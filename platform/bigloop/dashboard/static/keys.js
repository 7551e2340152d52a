// Everything by keyboard. No key decides by itself: it leads to the button.
"use strict";
(() => {
  const items = () => [...document.querySelectorAll("[data-item]")];
  const current = () => document.activeElement?.closest("[data-item]");

  function go(step) {
    const all = items();
    if (!all.length) return;
    const at = all.indexOf(current());
    const next = at < 0 ? (step > 0 ? 0 : all.length - 1)
      : Math.min(all.length - 1, Math.max(0, at + step));
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  }

  function act(name) {
    const item = current() || (items().length === 1 ? items()[0] : null);
    if (!item) { if (items().length) { go(1); act(name); } return; }
    const found = item.querySelector(`[data-act=${name}]`);
    if (!found) return;
    if (found.tagName !== "DETAILS") { found.focus(); return; }
    for (const other of item.querySelectorAll("details.do[open]")) if (other !== found) other.open = false;
    found.open = true;
    (found.querySelector("input:not([type=hidden]), select") || found.querySelector("summary")).focus();
  }

  function open() {
    current()?.querySelector("[data-open]")?.click();
  }

  const help = () => document.getElementById("help");
  const keys = {
    j: () => go(1), k: () => go(-1), o: open, "?": () => help().showModal(),
    a: () => act("a"), r: () => act("r"), e: () => act("e"), i: () => act("i"), p: () => act("p"), w: () => act("w"),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    if (event.key === "Escape") { close(target); return; }
    if (target.closest("input, textarea, select, dialog")) return;
    const known = keys[event.key];
    if (known) { event.preventDefault(); known(); }
  });

  function close(target) {
    const inside = target.closest("details[open]");
    if (!inside) return;
    inside.open = false;
    inside.querySelector("summary").focus();
  }

  // On a phone the row of pages is longer than the screen: the present one is in sight.
  const row = document.querySelector(".tabs"), here = row?.querySelector("[aria-current]");
  if (here) row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;

  document.getElementById("help-button").addEventListener("click", () => help().showModal());
  // One panel of a card at a time, and a click elsewhere closes the one in the bar.
  document.addEventListener("toggle", (event) => {
    const panel = event.target;
    if (!panel.matches?.("details.do[open]")) return;
    for (const other of panel.parentElement.querySelectorAll(":scope > details.do[open]")) {
      if (other !== panel) other.open = false;
    }
  }, true);
  document.addEventListener("click", (event) => {
    const steer = document.querySelector(".steer details[open]");
    if (steer && !steer.contains(event.target)) steer.open = false;
  });
})();
