// Works an action on many rows off, a step per request, and shows how far it has come. “Continue” does it by hand.
"use strict";
{
  const form = document.querySelector("form[data-steps]");
  const number = new Intl.NumberFormat("en-US");
  const RETRY_SECONDS = 3;

  async function takeStep() {
    const body = new FormData(form);
    body.append("step", "1");
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (response.status === 503) return { waits: true };
    if (!response.ok || response.redirected) throw new Error(response.statusText);
    return response.json();
  }

  async function workOff() {
    const bar = form.querySelector("progress");
    const text = form.querySelector("[data-steps-text]");
    const status = form.querySelector("[data-steps-status]");
    const next = form.querySelector("[name=step]");
    next.hidden = true;
    try {
      for (;;) {
        const { waits, worked, is_done: isDone } = await takeStep();
        if (isDone) break;
        if (waits) {
          status.textContent = "Waiting for somebody else’s save.";
          await new Promise((resolve) => setTimeout(resolve, RETRY_SECONDS * 1000));
          continue;
        }
        status.textContent = "";
        bar.value = worked;
        text.textContent = `${number.format(worked)} of ${number.format(bar.max)}`;
      }
      location.reload();
    } catch {
      status.textContent = "It has stopped: the site did not answer. Press “Continue” to go on.";
      next.hidden = false;
    }
  }

  if (form) workOff();
}
