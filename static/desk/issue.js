// The message of an issue as it is being written: what is typed is rendered by the server and shown in the frame.
"use strict";
{
  const PAUSE = 500; // milliseconds after the last key before requesting the message

  const frame = document.querySelector("iframe[data-typed]");
  const form = document.getElementById("issue_form");
  const fields = ["subject", "lead"].map((name) => form?.elements[name]);
  if (frame && fields.every(Boolean)) {
    const status = document.getElementById("issue-message-status");
    let asked = 0;
    const show = async () => {
      const mine = ++asked;
      const response = await fetch(frame.dataset.typed, {
        method: "POST",
        headers: { "X-CSRFToken": form.querySelector("[name=csrfmiddlewaretoken]").value },
        body: new URLSearchParams(fields.map((field) => [field.name, field.value])),
      }).catch(() => null);
      const html = response?.ok && !response.redirected ? await response.text() : null;
      if (mine !== asked) return; // superseded: the text has changed since this request
      status.textContent = html === null ? "The site did not answer. The message below is an older one; what you type is not lost." : "";
      if (html !== null && frame.contentDocument) frame.contentDocument.documentElement.innerHTML = html;
    };
    let timer;
    for (const field of fields) {
      field.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(show, PAUSE);
      });
    }
  }
}
