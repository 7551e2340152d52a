// Listens to the feed. It only says that something changed: the page is asked for again,
// through the same permission check, and what is new is put in its place without taking
// away what a person is typing.
"use strict";
(() => {
  const { feed, base } = document.currentScript.dataset;
  const shown = (id, is) => { document.getElementById(id).hidden = !is; };
  let last = "", waiting = null, source = null, patience = 500, most = 1000;

  function connect() {
    source = new EventSource(last ? `${feed}?after=${last}` : feed);
    source.addEventListener("changed", (event) => { last = event.lastEventId; soon(); });
    source.addEventListener("open", () => { patience = 500; most = 1000; setOffline(false); soon(); });
    source.addEventListener("error", () => {
      if (!document.documentElement.hasAttribute("data-offline")) setOffline(true);
      // After an answer that is no stream (a proxy's 502) a browser gives up: we do not.
      if (source.readyState === EventSource.CLOSED) again();
    });
  }

  function again() {
    source.close();
    whetherEnded();
    setTimeout(connect, patience);
    patience = Math.min(2 * patience, most);
  }

  function setOffline(is, isEnded = false) {
    shown("offline", is && !isEnded);
    shown("ended", is && isEnded);
    document.documentElement.toggleAttribute("data-offline", is);
    guard(document);
  }

  // A session that has ended is no lost connection: only a login brings it back.
  async function whetherEnded() {
    try {
      const answer = await fetch(`${base}/api/v1/me`);
      if (answer.status !== 401) return;
      setOffline(true, true);
      most = 5000;
    } catch { /* the server is away, which is said already */ }
  }

  // Nothing can be decided while what is shown may be old.
  function guard(part) {
    const is = document.documentElement.hasAttribute("data-offline");
    for (const button of part.querySelectorAll("[data-decides]")) button.disabled = is;
  }

  function soon() {
    const calm = Number(document.querySelector("[data-calm]")?.dataset.calm || 60);
    waiting ??= setTimeout(async () => {
      await refresh();
      waiting = null;
      if (asked) { asked = false; soon(); }
    }, calm);
    if (busy) asked = true;
  }

  let busy = false, asked = false;
  async function refresh() {
    document.body.dispatchEvent(new Event("changed"));
    if (!document.querySelector("[data-live]")) return;
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" } });
      // A proxy that answers for a server that is away: the change is still to be shown.
      if (answer.status >= 500) setTimeout(soon, 1000);
      // The stream was opened before the session ended.
      if (answer.status === 401) again();
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.title = page.title;
      for (const old of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(old.id);
        if (fresh) (old.dataset.live === "keyed" ? byKey : whole)(old, fresh);
      }
      const several = page.querySelector("[data-several]");
      const mine = document.querySelector("[data-several]");
      if (several && mine && !inUse(mine)) mine.hidden = several.hidden;
    } catch { /* the feed says when the server is away */ } finally { busy = false; }
  }

  // Whether a person is busy in there: open, typed into, or typing.
  function inUse(part) {
    if (part.querySelector("details[open]") || part.matches("details[open]")) return true;
    for (const field of part.querySelectorAll("input, textarea")) {
      if (field.type !== "hidden" && field.value !== field.defaultValue) return true;
    }
    return /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName) &&
      part.contains(document.activeElement);
  }

  function put(old, fresh) {
    const had = old.contains(document.activeElement);
    const id = had && document.activeElement.id, act = had && document.activeElement.dataset.act;
    old.replaceWith(fresh);
    ready(fresh);
    if (!had) return;
    const again = (id && document.getElementById(id)) ||
      (act && fresh.querySelector(`[data-act=${act}]`)) || fresh;
    again.focus({ preventScroll: true });
  }

  function ready(part) {
    htmx.process(part);
    guard(part);
    part.dispatchEvent(new CustomEvent("arrived", { bubbles: true }));
  }

  function whole(old, fresh) {
    if (old.dataset.version !== fresh.dataset.version) unlessInUse(old, fresh);
  }

  // What could not be shown because a person was busy there is asked for again after.
  let skipped = false;
  function unlessInUse(old, fresh) {
    if (inUse(old)) skipped = true; else put(old, fresh);
  }

  function byKey(old, fresh) {
    const items = old.querySelector("[data-items]");
    const theirs = new Map([...fresh.querySelectorAll("[data-key]")].map((i) => [i.dataset.key, i]));
    for (const mine of items.querySelectorAll(":scope > [data-key]")) {
      const now = theirs.get(mine.dataset.key);
      theirs.delete(mine.dataset.key);
      if (!now) gone(mine);
      else whole(mine, now);
    }
    for (const now of theirs.values()) { items.append(now); ready(now); }
    for (const mark of ["[data-count]", "[data-empty]"]) {
      const [mine, now] = [old.querySelector(mark), fresh.querySelector(mark)];
      if (mine && now && mine.outerHTML !== now.outerHTML) mine.replaceWith(now);
    }
  }

  // Decided elsewhere: what was decided stands in its place.
  async function gone(card) {
    if (card.dataset.going || card.classList.contains("htmx-request")) return;
    card.dataset.going = "1";
    const answer = await fetch(`${base}/t/${card.dataset.key}/line`, { headers: { "HX-Request": "true" } });
    if (!answer.ok || !card.isConnected) return;
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    put(card, part.body.firstElementChild);
  }

  document.addEventListener("focusout", () => setTimeout(() => {
    if (skipped) { skipped = false; soon(); }
  }, 300));
  // A browser opens six connections to a server: tabs that nobody sees give theirs back.
  let leaving = null;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(() => source.close(), 5000);
    else if (source.readyState === EventSource.CLOSED) connect();
  });
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  connect();
})();
