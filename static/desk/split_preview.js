// The preview of the real page beside the form, where there is room for both. It is shown again after each save.
"use strict";
{
  const WIDE = matchMedia("(min-width: 1200px)");
  const link = document.querySelector(".publishing__preview a[data-then=preview], .pending__ways a[data-split]");
  const user = document.querySelector("script[data-user]")?.dataset.user;
  const key = `shipside-preview:${user}`;

  function read() {
    try {
      return localStorage.getItem(key) === "open";
    } catch {
      return false; // this browser lets pages store nothing
    }
  }

  function write(isOpen) {
    try {
      localStorage.setItem(key, isOpen ? "open" : "closed");
    } catch {
      // as above
    }
  }

  // The form of a pending change opens with its preview, which a button of the form of what is public leads to.
  for (const opener of document.querySelectorAll("[data-split-open]")) {
    opener.addEventListener("click", () => WIDE.matches && write(true));
  }

  if (link && document.querySelector("#content-main form[method=post]")) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button split-button", textContent: "Preview beside the form" });
    button.setAttribute("aria-expanded", "false");
    let panel = null;

    // Links in the frame lead out of it: the site's other pages let nobody frame them.
    function leadOut(frame) {
      frame.contentDocument?.addEventListener("click", (event) => {
        const target = event.target.closest("a[href]");
        if (!target || target.getAttribute("href").startsWith("#")) return;
        event.preventDefault();
        open(target.href, "_blank", "noopener");
      });
    }

    function build() {
      const frame = Object.assign(document.createElement("iframe"), { title: "Preview of the saved version", src: link.href });
      frame.addEventListener("load", () => leadOut(frame));
      const words = Object.assign(document.createElement("p"), { textContent: "The saved version. Save to see what you typed." });
      const close = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: "Close the preview" });
      close.addEventListener("click", () => show(false));
      const head = document.createElement("div");
      head.className = "split-preview__head";
      head.append(words, close);
      const aside = document.createElement("aside");
      aside.className = "split-preview";
      aside.setAttribute("aria-label", "Preview");
      aside.append(head, frame);
      return aside;
    }

    function follow(isOpen) {
      const isShown = isOpen && WIDE.matches;
      if (isShown && !panel) document.body.append((panel = build()));
      if (!isShown) panel = panel?.remove() ?? null;
      document.body.classList.toggle("has-split-preview", isShown);
      button.setAttribute("aria-expanded", String(isShown));
    }

    function show(isOpen) {
      write(isOpen);
      follow(isOpen);
      (isOpen ? panel?.querySelector("button") : button)?.focus();
    }

    button.addEventListener("click", () => show(!panel));
    WIDE.addEventListener("change", () => follow(read()));
    link.after(" ", button);
    follow(read());
  }
}
