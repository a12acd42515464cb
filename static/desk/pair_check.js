// Shows what the page of two tools will say as they are chosen, and swaps them.
"use strict";
{
  const $ = django.jQuery;

  const init = () => {
    const panel = document.getElementById("pair-check");
    const first = document.getElementById("id_first");
    const second = document.getElementById("id_second");
    if (!panel || !first || !second) return;
    const words = panel.querySelector(".pair-check__words");
    let request = null;

    const check = async () => {
      request?.abort();
      if (!first.value || !second.value) return;
      request = new AbortController();
      const query = new URLSearchParams({ first: first.value, second: second.value, exclude: panel.dataset.exclude ?? "" });
      try {
        const response = await fetch(`${panel.dataset.url}?${query}`, { signal: request.signal });
        words.innerHTML = response.ok || response.status === 400 ? await response.text() : "";
        if (!words.innerHTML) words.textContent = "The site did not respond. The pair is checked again when you save.";
      } catch (error) {
        if (error.name !== "AbortError") words.textContent = "The network is not available. Nothing was checked.";
      }
    };

    const put = (select, option) => {
      select.replaceChildren(new Option("", ""));
      if (option) select.add(new Option(option.text, option.value, true, true));
      $(select).trigger("change.select2");
    };

    const swap = () => {
      const [one, two] = [first, second].map((select) => (select.value ? { ...pick(select) } : null));
      put(first, two);
      put(second, one);
      first.dispatchEvent(new Event("input", { bubbles: true })); // for drafts.js
      check();
    };
    const pick = (select) => ({ text: select.selectedOptions[0].text, value: select.value });

    const button = document.createElement("button");
    button.type = "button";
    button.className = "button pair-swap";
    button.textContent = "⇅ Swap the tools";
    button.addEventListener("click", swap);
    (first.closest(".form-row") ?? first.parentElement).append(button);

    $(first).add(second).on("change", check);
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", init);
  else init();
}
