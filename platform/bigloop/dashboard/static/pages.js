// What happens to forms that are sent: what came of it is said, and focus goes on.
"use strict";
(() => {
  const told = () => document.getElementById("told");
  const say = (text) => { told().textContent = text; };

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, requestConfig } = event.detail;
    if (requestConfig.verb !== "get" && document.documentElement.hasAttribute("data-offline")) {
      event.preventDefault();
      say("Not sent: no connection.");
      return;
    }
    if (requestConfig.verb !== "get") elt.closest("article")?.setAttribute("aria-busy", "true");
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr, successful } = event.detail;
    elt.closest("article")?.removeAttribute("aria-busy");
    for (const button of elt.querySelectorAll?.("button:disabled") ?? []) {
      button.disabled = document.documentElement.hasAttribute("data-offline");
    }
    if (!successful && (xhr.status >= 500 || xhr.status === 0)) {
      say(`Not sent: the server ${xhr.status ? `answers ${xhr.status}` : "does not answer"}. Try again when it is back.`);
    }
  });

  // The card is gone: the next one takes the focus, so that keys go on working.
  document.addEventListener("htmx:afterSwap", (event) => {
    const line = event.detail.elt?.closest?.("article.line");
    if (!line) return;
    say(line.textContent.replace(/\s+/g, " ").trim());
    if (document.activeElement !== document.body) return;
    const later = [...document.querySelectorAll("[data-item]")]
      .find((i) => line.compareDocumentPosition(i) & Node.DOCUMENT_POSITION_FOLLOWING);
    (later || line).focus({ preventScroll: true });
  });
})();
