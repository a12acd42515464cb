// Tells the desk that this form is still open, as long as somebody can see it, and shows who else has it open.
"use strict";
{
  const line = document.getElementById("presence");
  const EVERY = 30 * 1000; // milliseconds; the desk forgets a page after two minutes of silence

  const readToken = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

  async function report() {
    if (document.hidden) return;
    const headers = { "X-CSRFToken": readToken() };
    const response = await fetch(line.dataset.url, { method: "POST", headers, redirect: "manual" }).catch(() => null);
    if (!response?.ok) return;
    const { words } = await response.json();
    if (line.textContent !== words) line.textContent = words;
    line.hidden = !words;
  }

  if (line) {
    report();
    setInterval(report, EVERY);
    document.addEventListener("visibilitychange", report);
    addEventListener("pageshow", (event) => { if (event.persisted) report(); });
    addEventListener("pagehide", () => navigator.sendBeacon(line.dataset.url, new URLSearchParams({ csrfmiddlewaretoken: readToken(), left: "1" })));
  }
}
