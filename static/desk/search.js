// The search of the whole desk: ⌘K or Ctrl+K leads to it, and what it finds is shown while one types.
// Arrow keys move between the box and the links; Escape closes. Without this script the form leads to a page.
"use strict";
{
  const WAIT = 150; // milliseconds after the last key
  const form = document.querySelector(".desk-search");
  const input = form.querySelector("input");
  const panel = form.querySelector(".desk-search__hits");
  const status = form.querySelector("[role=status]");
  let timer = 0;
  let request = null;

  const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
  input.placeholder += isMac ? " (⌘K)" : " (Ctrl+K)";
  input.setAttribute("aria-keyshortcuts", isMac ? "Meta+K" : "Control+K");

  function closeHits() {
    clearTimeout(timer);
    request?.abort();
    panel.hidden = true;
    panel.replaceChildren();
    status.textContent = "";
  }

  async function look() {
    const text = input.value.trim();
    if (!text) return closeHits();
    request?.abort();
    const mine = (request = new AbortController());
    const response = await fetch(`${form.dataset.hits}?${new URLSearchParams({ q: text })}`, {
      signal: mine.signal,
      redirect: "error",
    }).catch(() => null);
    if (!response?.ok || mine.signal.aborted) return;
    const html = await response.text();
    if (mine.signal.aborted) return;
    panel.innerHTML = html;
    panel.hidden = false;
    const count = panel.querySelectorAll("a:not(.hits__more)").length;
    status.textContent = count === 1 ? "1 result" : `${count || "No"} results`;
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (isMac ? event.metaKey : event.ctrlKey) && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      input.focus();
      input.select();
    }
  });

  form.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return; // 229: the key that ended a composition, in Safari
    if (event.key === "Escape" && !panel.hidden) {
      event.preventDefault();
      closeHits();
      input.focus();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || panel.hidden) return;
    const stops = [input, ...panel.querySelectorAll("a")];
    const next = stops[stops.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });

  form.addEventListener("submit", closeHits);
  form.addEventListener("focusout", (event) => {
    // A click on the panel's own text moves the focus to nothing.
    if (event.relatedTarget && !form.contains(event.relatedTarget)) closeHits();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!form.contains(event.target)) closeHits();
  });
}
