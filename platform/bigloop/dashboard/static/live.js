// Listens to the feed: it only says that something changed, the page asks for itself.
"use strict";
(() => {
  const feed = new EventSource(document.currentScript.dataset.feed);
  const offline = () => document.getElementById("offline");
  let waiting = null;
  const tell = () => { waiting = null; document.body.dispatchEvent(new Event("changed")); };
  feed.addEventListener("changed", () => { waiting ??= setTimeout(tell, 50); });
  feed.addEventListener("open", () => { offline().hidden = true; tell(); });
  feed.addEventListener("error", () => { offline().hidden = false; });
})();
