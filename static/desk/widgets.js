// Gives names to what Django's own widgets leave without one for people who use a screen reader.
"use strict";
{
  function nameWidgets() {
    // A choice with a search: its label, then what is chosen.
    for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
      const box = select.nextElementSibling?.querySelector(".select2-selection");
      const label = select.labels[0];
      if (!box || !label) continue;
      label.id ||= `${select.id}_label`;
      const shown = box.querySelector(".select2-selection__rendered");
      box.setAttribute("aria-labelledby", [label.id, shown?.id].filter(Boolean).join(" "));
      shown?.setAttribute("aria-label", label.textContent.trim());
    }
    for (const icon of document.querySelectorAll(".help-tooltip[aria-label]")) icon.setAttribute("role", "img");
    for (const head of document.querySelectorAll("th.original:empty")) head.append(Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: "Row" }));
  }

  // Once the widgets are made, which happens in handlers of the same events.
  const soon = () => setTimeout(nameWidgets);
  addEventListener("load", soon);
  document.addEventListener("formset:added", soon);
}
