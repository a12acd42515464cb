// Live Markdown preview below a field. `data-preview` is the URL that renders it.
"use strict";
{
  const PAUSE = 350; // milliseconds after the last key before requesting a preview

  const preview = (field) => {
    const shown = document.createElement("div");
    shown.className = "desk-preview";
    shown.setAttribute("aria-label", "As readers will see it");
    shown.setAttribute("role", "group");
    let asked = 0;
    const show = async () => {
      const text = field.value;
      const mine = ++asked;
      shown.hidden = !text.trim();
      if (shown.hidden) return;
      const response = await fetch(field.dataset.preview, {
        method: "POST",
        headers: { "X-CSRFToken": field.form.querySelector("[name=csrfmiddlewaretoken]").value },
        body: new URLSearchParams({ text }),
      }).catch(() => null);
      if (mine !== asked) return; // superseded: the text has changed since this request
      if (response?.ok && !response.redirected) shown.innerHTML = await response.text(); // sanitized by the server
      else shown.textContent = "No preview: the site did not answer. What you type is not lost.";
    };
    let timer;
    field.parentElement.append(shown);
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(show, PAUSE);
    });
    show();
  };

  document.querySelectorAll("[data-preview]").forEach(preview);
}
