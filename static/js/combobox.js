// A field with suggestions: the WAI-ARIA pattern "editable combobox with list autocomplete".
// htmx fetches the list; this script opens it, moves through it, selects from it, and closes it.

function enhance(box) {
  const input = box.querySelector("input");
  const holder = box.querySelector(".combobox__list");
  const options = () => [...holder.querySelectorAll("[role=option]")];
  let active = null;
  let settled = false; // selected or closed: late suggestions do not reopen the list

  function point(option) {
    active?.setAttribute("aria-selected", "false");
    active = option ?? null;
    active?.setAttribute("aria-selected", "true");
    active?.scrollIntoView({ block: "nearest" });
    if (active) input.setAttribute("aria-activedescendant", active.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function show(open) {
    point(null);
    holder.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
  }

  function settle() {
    settled = true;
    show(false);
  }

  function choose(option) {
    settle();
    if (box.dataset.combobox === "go") return location.assign(option.dataset.url);
    input.value = option.dataset.value;
    input.focus();
  }

  function move(step) {
    const all = options();
    if (!all.length) return;
    if (holder.hidden) show(true);
    const start = active ? all.indexOf(active) + step : step > 0 ? 0 : -1;
    point(all.at(start % all.length));
  }

  holder.id = `${input.id}-list`;
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": holder.id,
    type: "text", inputmode: "search", // HTML allows a search field no other role
  })) input.setAttribute(name, value);

  input.addEventListener("keydown", (event) => {
    // Safari ends a composition before the keydown of the Enter that ends it, and marks that one by its keyCode.
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter" && active) choose(active);
    else if (event.key === "Escape" && !holder.hidden) settle();
    else {
      if (event.key === "Home" || event.key === "End") point(null); // and let the caret move, as in any field
      return;
    }
    event.preventDefault();
  });
  input.addEventListener("input", () => (settled = false));
  input.addEventListener("blur", () => show(false));
  holder.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
  holder.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
  holder.addEventListener("htmx:afterSwap", () => {
    const all = options();
    all.forEach((option, place) => (option.id = `${input.id}-${place}`));
    const asked = document.activeElement === input && !settled;
    show(asked && all.length > 0);
    if (asked && input.value.trim()) {
      document.getElementById("announcement").textContent =
        all.length ? `${all.length} ${all.length === 1 ? "suggestion" : "suggestions"}.` : "No suggestions.";
    }
  });
  // A page restored from the back/forward cache starts closed.
  addEventListener("pagehide", () => show(false));
  show(false);
}

const enhanceAll = () => document.querySelectorAll("[data-combobox]").forEach(enhance);
enhanceAll();

// After filters, Back restores the markup of the body as it was, in new elements.
document.addEventListener("htmx:historyRestore", enhanceAll);
