// Keeps pages up to date, and their keys. A page works without it.
"use strict";

// What is shown again is a page of this console, fetched from it: nothing else is ever read as markup.
const policy = window.trustedTypes?.createPolicy("doorward", { createHTML: (text) => text });

let shown = null;
let busy = false;

async function lookAgain() {
  const parts = [...document.querySelectorAll("[data-live]")];
  if (busy || parts.length === 0 || document.hidden) return;
  // Whoever types, or has opened something, is not disturbed.
  if (parts.some((part) => part.contains(document.activeElement) && document.activeElement.matches("input, select, button"))) return;
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { "x-doorward-live": "1" }, redirect: "error" });
    if (!answer.ok) return;
    const text = await answer.text();
    const page = new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, "text/html");
    for (const part of parts) {
      const fresh = page.getElementById(part.id);
      if (!fresh || fresh.isEqualNode(part)) continue;
      const at = part.querySelector("tr.at a.open")?.getAttribute("href");
      part.replaceChildren(...fresh.childNodes);
      if (at) [...part.querySelectorAll("a.open")].find((a) => a.getAttribute("href") === at)?.closest("tr")?.classList.add("at");
    }
  } catch {
    // The next event tries again.
  } finally {
    busy = false;
  }
}

function follow() {
  const events = new EventSource("/live");
  let timer = null;
  events.addEventListener("trail", (event) => {
    const state = JSON.parse(event.data);
    const waiting = document.getElementById("waiting");
    waiting.textContent = String(state.waiting);
    waiting.hidden = state.waiting === 0;
    if (shown !== null && shown !== event.data && timer === null) {
      timer = setTimeout(() => { timer = null; lookAgain(); }, 700);
    }
    shown = event.data;
  });
}

function move(by) {
  const rows = [...document.querySelectorAll("main tbody tr")].filter((row) => row.querySelector("a.open"));
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row.classList.contains("at"));
  const next = Math.min(rows.length - 1, Math.max(0, at + by));
  rows[at]?.classList.remove("at");
  rows[next].classList.add("at");
  rows[next].scrollIntoView({ block: "nearest" });
  rows[next].querySelector("a.open").focus({ preventScroll: true });
}

let going = false;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  if (going) {
    going = false;
    const entry = [...document.querySelectorAll("nav a[data-key]")].find((a) => a.dataset.key === event.key);
    if (entry) { event.preventDefault(); entry.click(); }
    return;
  }
  switch (event.key) {
    case "g": going = true; setTimeout(() => { going = false; }, 1500); break;
    case "j": move(1); break;
    case "k": move(-1); break;
    case "u": history.back(); break;
    case "?": document.getElementById("keys").showModal(); break;
    case "/": {
      const search = document.getElementById("search");
      event.preventDefault();
      if (search) search.focus(); else location.assign("/records");
      break;
    }
    default: return;
  }
});

// On a phone the menu is closed until it is asked for.
if (matchMedia("(max-width: 860px)").matches) document.querySelector(".menu").open = false;

follow();
