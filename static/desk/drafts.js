// Keeps what is typed into a form of the desk in this browser until the desk has stored it, and offers it again: after a
// crash, a lost network, an ended session, or in another tab. draft_store.js stores it, and draft_rows.js finds its rows. See docs/decisions/0027-drafts-in-the-browser.md.
"use strict";
{
  const { number: sent, desk } = document.currentScript.dataset;
  const PAUSE = 300; // milliseconds after the first key that is not kept yet
  const STORED = "desk-stored"; // the cookie that names the page whose form the desk has stored (desk/drafts.py)
  const NUMBER = "draft_number"; // the field that names the page
  const VERSION = "seen_version"; // the field with the version that the form was opened with (desk/history/conflicts.py)
  const TOTAL = "-TOTAL_FORMS";
  const TYPED = "textarea, select, input:is(:not([type]), [type=text], [type=url], [type=email], [type=number], [type=search])";
  const NEVER = new Set(["password", "file", "submit", "button", "image", "reset", "hidden"]);

  // A page that shows a form again, because of errors, goes on with the draft of the page before.
  const page = sent || [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  // -- Storage ----------------------------------------------------------------------------------------------

  let drafts = null; // this user's, by key, once they are read

  async function readDrafts() {
    const read = await draftStore.readAll();
    const stored = document.cookie.match(new RegExp(`(?:^|; )${STORED}=([0-9a-f]+)`))?.[1];
    const over = stored ? [...read.keys()].filter((key) => key.startsWith(`${draftStore.OWN}${stored}:`)) : [];
    over.forEach((key) => read.delete(key));
    drafts = read;
    if (!stored) return;
    await draftStore.remove(over);
    document.cookie = `${STORED}=; path=${desk}; max-age=0; samesite=strict`;
  }

  // -- Fields -----------------------------------------------------------------------------------------------

  const isKept = (field) => field.name && !NEVER.has(field.type) && field.tagName !== "BUTTON" && field.tagName !== "FIELDSET" && field.tagName !== "OUTPUT";

  // A select with a search has the option that was chosen, which claims to have come with the page.
  const isSearched = (field) => field.matches("select.admin-autocomplete");
  for (const field of document.querySelectorAll("select.admin-autocomplete")) field.dataset.came = field.value;

  // The values of each name: as the page came, or as they are.
  function readFields(form, { asItCame }) {
    const values = {};
    for (const field of form.elements) {
      if (!isKept(field)) continue;
      const here = (values[field.name] ??= []);
      if (field.type === "checkbox" || field.type === "radio") {
        if (asItCame ? field.defaultChecked : field.checked) here.push(field.value);
      } else if (isSearched(field)) {
        here.push(asItCame ? (field.dataset.came ?? "") : field.value);
      } else if (field.tagName === "SELECT") {
        let chosen = [...field.options].filter((option) => (asItCame ? option.defaultSelected : option.selected));
        if (!chosen.length && !field.multiple && asItCame) chosen = [...field.options].slice(0, 1);
        here.push(...chosen.map((option) => option.value));
      } else here.push(asItCame ? field.defaultValue : field.value);
    }
    return values;
  }

  // What is chosen in the selects with a search, in words. Only the server has their other options.
  const readLabels = (form) => Object.fromEntries([...form.elements].filter((field) => isSearched(field) && field.value).map((field) => [field.name, field.selectedOptions[0].text]));

  function writeFields(form, values, labels = {}) {
    const left = Object.fromEntries(Object.entries(values).map(([name, here]) => [name, [...here]]));
    for (const field of form.elements) {
      if (!isKept(field) || !(field.name in values)) continue;
      const here = values[field.name];
      if (field.type === "checkbox" || field.type === "radio") field.checked = here.includes(field.value);
      else if (isSearched(field)) {
        const [value] = here;
        if (value && ![...field.options].some((option) => option.value === value)) field.add(new Option(labels[field.name] ?? value, value));
        field.value = value;
      } else if (field.tagName === "SELECT") for (const option of field.options) option.selected = here.includes(option.value);
      else field.value = left[field.name].shift() ?? "";
    }
  }

  const readTotals = (form) => Object.fromEntries([...form.elements].filter((field) => field.name.endsWith(TOTAL)).map((field) => [field.name, field.value]));

  // Names whose values differ; a name that the form lacks counts if anything was typed into it.
  const differ = (values, others) => Object.keys(values).filter((name) => JSON.stringify(values[name]) !== JSON.stringify(others[name] ?? (values[name].length ? [""] : [])));

  function nameField(form, name) {
    const field = [...form.elements].find((one) => one.name === name);
    const label = field?.labels?.[0]?.textContent ?? field?.getAttribute("aria-label");
    const words = (label || name.replace(/^.*-/, "").replaceAll("_", " ")).replace(/\s+/g, " ").trim().replace(/:$/, "");
    return words.charAt(0).toUpperCase() + words.slice(1);
  }

  // -- Keeping ----------------------------------------------------------------------------------------------

  // What is typed into a form and not stored by the desk, which may be nothing.
  function describeForm(form, key) {
    const came = readFields(form, { asItCame: true });
    const now = readFields(form, { asItCame: false });
    const before = drafts?.get(key) ?? { values: {} }; // of the page before, which showed the same form
    const names = [...new Set([...differ(now, came), ...Object.keys(before.values).filter((name) => name in now)])];
    const values = Object.fromEntries(names.map((name) => [name, now[name]]));
    const version = before.version ?? form.elements[VERSION]?.defaultValue;
    return { at: Date.now(), values, version, labels: readLabels(form), rows: draftRows.describe(form, names, now, before.rows), totals: readTotals(form) };
  }

  async function keep(form, key) {
    await reading;
    const draft = describeForm(form, key);
    if (Object.keys(draft.values).length) {
      drafts.set(key, draft);
      await draftStore.write(key, draft);
    } else if (drafts.delete(key)) await draftStore.remove([key]);
  }

  // -- Offering ---------------------------------------------------------------------------------------------

  // Add rows until there are as many as there were. The buttons belong to the tool page and to Django's inline forms.
  function addRows(form, totals) {
    for (const [name, wanted] of Object.entries(totals)) {
      const prefix = name.slice(0, -TOTAL.length);
      const total = form.elements[name];
      const button = form.querySelector(`[data-rows="${CSS.escape(prefix)}"] > [data-more] button, #${CSS.escape(prefix)}-group .add-row a, #${CSS.escape(prefix)}-group .add-row button`);
      for (let before = -1; total && button && Number(total.value) < Number(wanted) && Number(total.value) !== before; ) {
        before = Number(total.value);
        button.click();
      }
    }
  }

  function restore(form, draft) {
    const placed = draftRows.place(form, draft);
    addRows(form, placed.totals);
    const values = { ...readFields(form, { asItCame: false }), ...placed.values };
    writeFields(form, values, draft.labels);
    for (const field of form.elements) {
      if (!(field.name in placed.values)) continue;
      for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
    }
    writeFields(form, values, draft.labels); // scripts of the page have answered, as if it were typed
    keepVersion(form, draft);
  }

  // What others have saved since then is merged, and asked where both changed it, as if the form had been open all the time.
  function keepVersion(form, { version }) {
    const field = form.elements[VERSION];
    const parts = (text) => text.split(".").length; // a release with another model writes versions of another length
    if (field && version && parts(version) === parts(field.value)) field.value = version;
  }

  function make(tag, { text = "", ...fields } = {}, ...children) {
    const element = Object.assign(document.createElement(tag), fields);
    element.append(text, ...children);
    return element;
  }

  function describeTime(at) {
    const then = new Date(at);
    const time = then.toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" });
    if (then.toDateString() === new Date().toDateString()) return `at ${time}`;
    return `on ${then.toLocaleDateString("en-US", { month: "short", day: "numeric", year: "numeric" })} at ${time}`;
  }

  function offer(form, key, draft, values, names) {
    const box = make("div", { className: "kept" });
    box.setAttribute("role", "status");
    const list = make("dl");
    const scroller = make("div", { tabIndex: 0 }, list); // so that the keyboard can scroll it
    scroller.setAttribute("role", "region");
    scroller.setAttribute("aria-label", "What differs");
    for (const name of names) {
      const value = draft.labels?.[name] && values[name][0] ? draft.labels[name] : values[name].join(", ");
      list.append(make("dt", { text: nameField(form, name) }), make("dd", { text: value.length > 200 ? `${value.slice(0, 200)}…` : value || "(empty)" }));
    }
    const use = make("button", { type: "button", className: "button", text: "Restore" });
    use.addEventListener("click", async () => {
      restore(form, draft);
      box.remove();
      await keep(form, form.dataset.draftKey);
      await draftStore.remove([key]);
    });
    const drop = make("button", { type: "button", className: "button", text: "Discard" });
    drop.addEventListener("click", () => {
      box.remove();
      draftStore.remove([key]);
    });
    box.append(
      make("p", { text: `Restore what you typed here ${describeTime(draft.at)}? It was not saved.` }),
      make("details", {}, make("summary", { text: `What differs: ${names.length} ${names.length === 1 ? "field" : "fields"}` }), scroller),
      make("p", {}, use, " ", drop),
    );
    form.before(box);
  }

  // -- Forms ------------------------------------------------------------------------------------------------

  async function watch(form, place) {
    // The form of an object with its pending change is the same form, also once nothing is pending any more.
    const id = `${location.pathname.replace(/\/pending\/edit\/$/, "/change/")}#${form.id || place}`;
    const key = `${draftStore.OWN}${page}:${id}`;
    form.dataset.draftKey = key;
    const number = make("input", { type: "hidden", name: NUMBER });
    form.append(number);
    let timer = 0;
    let writing = 0;
    const keepNow = async () => {
      if (!timer) return;
      clearTimeout(timer);
      timer = 0;
      writing += 1;
      await keep(form, key);
      writing -= 1;
    };
    const keepSoon = () => {
      timer ||= setTimeout(keepNow, PAUSE);
    };
    form.addEventListener("input", keepSoon);
    form.addEventListener("change", keepSoon);
    window.django?.jQuery?.(form).on("change", keepSoon); // a choice in a select with a search is no event of the browser
    document.addEventListener("visibilitychange", keepNow);
    addEventListener("pagehide", () => {
      // A page that goes cannot wait for a database. (If the draft of the page before is not read yet, it has more than this one.)
      if ((timer || writing) && (drafts || !sent)) draftStore.writeNow(key, describeForm(form, key));
    });
    form.addEventListener("submit", (event) => {
      keepNow();
      number.value = event.submitter?.closest(".actions") ? "" : page; // an action does not store what was typed
    });

    await reading;
    if (drafts.has(key)) drafts.set(key, draftRows.place(form, drafts.get(key)));
    const now = readFields(form, { asItCame: false });
    const others = [...drafts].filter(([other]) => other.endsWith(`:${id}`) && other !== key);
    for (const [other, draft] of others.sort(([, one], [, two]) => two.at - one.at)) {
      const { values } = draftRows.place(form, draft);
      const names = differ(values, now);
      if (names.length) offer(form, other, draft, values, names);
      else draftStore.remove([other]);
    }
  }

  // -- Saving first -----------------------------------------------------------------------------------------

  // Whether a form holds anything that the desk has not stored, also from the page before, which showed it with errors.
  function isUnsaved(form) {
    if (differ(readFields(form, { asItCame: false }), readFields(form, { asItCame: true })).length) return true;
    return Boolean(form.dataset.draftKey && drafts?.has(form.dataset.draftKey));
  }

  // A link that acts on the object saves first what was typed. What readers see at once is saved only by its own button.
  function saveFirst(section) {
    const form = document.querySelector("#content-main form[method=post]");
    const button = form?.querySelector("[name=_continue]");
    if (!button) return;
    section.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-then]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !isUnsaved(form)) return;
      event.preventDefault();
      section.querySelector(".publishing__unsaved")?.remove();
      if (section.dataset.saveFirst === "save") {
        form.append(make("input", { type: "hidden", name: "_then", value: link.dataset.then }));
        button.click();
        return;
      }
      const words = make("p", { className: "publishing__unsaved", text: "What you typed is not saved, and readers would see it at once. Save it first, or reload the page to discard it." });
      words.setAttribute("role", "alert");
      section.append(words);
    });
  }

  const reading = readDrafts();
  document.querySelectorAll("[data-save-first]").forEach(saveFirst);
  if (!new URLSearchParams(location.search).has("_popup")) {
    const forms = [...document.querySelectorAll("#content form")].filter((form) => form.method === "post" && form.id !== "changelist-form" && form.querySelector(TYPED));
    // Once the page's own scripts are through.
    addEventListener("load", () => forms.forEach(watch));
  }
}

// Ctrl+S or ⌘+S saves and stays on the page, where there is such a button.
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  const form = document.activeElement?.form ?? document.querySelector("#content-main form[method=post]");
  const button = form?.querySelector("[name=_pending].default") ?? form?.querySelector("[name=_continue]") ?? form?.querySelector("[name=_save]:not(.desk-default)");
  if (!button) return;
  event.preventDefault();
  button.click();
});
