// Conveniences of the desk's tool page. Everything works without JavaScript, too.

const form = document.getElementById("tool_form");
const part = document.querySelector("[data-slug]");

function debounced(wait, act) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...values), wait);
  };
}

function made(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

// -- Character counts ---------------------------------------------------------------------------------------

function count(field) {
  const { least, most } = field.dataset;
  const says = made("p", "desk-count");
  const say = () => {
    const length = field.value.trim().length;
    says.textContent = most ? `${length} of ${most}` : `${length} characters${length < least ? `, ${least - length} to go` : ""}`;
    says.classList.toggle("desk-count--off", length > 0 && (length > most || length < least));
  };
  field.after(says);
  field.addEventListener("input", say);
  say();
}

// -- A new edition that starts from the published text --------------------------------------------------------

function startFrom(source) {
  const words = JSON.parse(source.querySelector("script").textContent);
  const button = made("button", "", "Start from it");
  button.type = "button";
  button.addEventListener("click", () => {
    for (const [name, value] of Object.entries(words)) {
      for (const field of form.querySelectorAll(`[name="${source.dataset.start}-${name}"]`)) {
        if (field.type === "radio") field.checked ||= field.value === value && !form.querySelector(`[name="${field.name}"]:checked:not([value=""])`);
        else field.value ||= value ?? "";
        field.dispatchEvent(new Event("input", { bubbles: true }));
        field.dispatchEvent(new Event("change", { bubbles: true }));
      }
    }
    source.open = false;
    form.querySelector(`[name="${source.dataset.start}-quote"]`).focus();
  });
  source.append(button);
}

// -- Slug from the name, until one is typed -----------------------------------------------------------------

function suggestSlug() {
  const [name, slug] = ["id_name", "id_slug"].map((id) => document.getElementById(id));
  if (!name || !slug) return;
  let suggested = slug.value;
  const isOurs = () => slug.value === suggested || !slug.value;
  if (slug.value) return; // never overwrite an existing slug
  name.addEventListener("input", debounced(300, async () => {
    if (!isOurs()) return;
    const response = await fetch(`${part.dataset.slug}?${new URLSearchParams({ name: name.value })}`).catch(() => null);
    if (!response?.ok || response.redirected || !isOurs()) return;
    suggested = (await response.json()).slug;
    slug.value = suggested;
  }));
}

// -- Rows ---------------------------------------------------------------------------------------------------

function paidFields(row) {
  const kind = row.querySelector("[name$=-kind]");
  const period = row.querySelector("[name$=-period]");
  if (!kind) return;
  const follow = () => {
    const isPaid = kind.value === "paid";
    const isUsage = isPaid && period.value === "usage";
    for (const field of row.querySelectorAll(".desk-field--paid")) {
      const isUnit = field.classList.contains("desk-field--usage");
      const isWanted = kind.value === "" ? !isUnit : isUnit ? isUsage : isPaid;
      field.classList.toggle("desk-field--idle", !isWanted);
      // Disabled fields are not submitted, so a price that becomes free loses its amount.
      for (const input of field.querySelectorAll("input, select")) input.disabled = !isWanted;
    }
  };
  kind.addEventListener("change", follow);
  period.addEventListener("change", follow);
  follow();
}

// An editor who enters a new value or source has most likely just checked it, so tick "Verified today"; it can be cleared.
// Tick on the first key, not on blur: leaving the field by clicking the checkbox would clear it again.
function vouch(row) {
  const tick = row.querySelector("[name$=-verified_today]");
  if (!tick) return;
  const said = row.classList.contains("desk-row--new")
    ? "[name$=-source]"
    : "[name$=-value], [name$=-kind], [name$=-amount], [name$=-currency], [name$=-period], [name$=-unit], .desk-terms input, .desk-terms select";
  for (const field of row.querySelectorAll(said)) {
    field.addEventListener("input", () => { tick.checked = true; }, { once: true });
  }
}

// Why a value is replaced matters only once it is: show the question when the value changes or the row is to be removed.
function askWhy(row) {
  const why = row.querySelector(".desk-field--why");
  if (!why || why.classList.contains("desk-field--wrong")) return;
  const values = [...row.querySelectorAll("[name$=-DELETE], .desk-row__fields:not(.desk-row__fields--source) :is(input, select, textarea)")];
  const state = () => values.map((field) => (field.type === "checkbox" ? field.checked : field.value)).join("\n");
  const before = values.map((field) => {
    if (field.type === "checkbox") return field.defaultChecked;
    return field.tagName === "SELECT" ? ([...field.options].find((option) => option.defaultSelected) ?? field).value : field.defaultValue;
  }).join("\n");
  const follow = () => { why.hidden = state() === before && why.querySelector("select").value !== "wrong"; };
  row.addEventListener("input", follow);
  row.addEventListener("change", follow);
  follow();
}

function rows(block) {
  const prefix = block.dataset.rows;
  const list = block.querySelector(":scope > [data-list]");
  const template = block.querySelector(":scope > template");
  const more = block.querySelector(":scope > [data-more]");
  const total = document.getElementById(`id_${prefix}-TOTAL_FORMS`);
  if (!list || !template || !more || !total) return;
  more.hidden = false;
  more.querySelector("button").addEventListener("click", () => {
    const number = Number(total.value);
    const holder = document.createElement("template");
    holder.innerHTML = template.innerHTML.replaceAll("__prefix__", number);
    const row = holder.content.firstElementChild;
    list.append(row);
    total.value = number + 1;
    paidFields(row);
    vouch(row);
    row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  });
}

// A new tool's page has rows for all attributes. Show only those of the selected category.
function factsOfCategory() {
  const category = document.getElementById("id_category");
  const known = document.querySelectorAll("[data-categories]");
  if (!category || !known.length) return;
  const follow = () => {
    for (const row of known) {
      const isFilled = [...row.querySelectorAll("input[type=text], input[type=url], [name$=-value]")].some((field) => field.value);
      row.hidden = category.value !== "" && !isFilled && !row.dataset.categories.split(" ").includes(category.value);
    }
  };
  category.addEventListener("change", follow);
  follow();
}

// -- The panel's number once everything is published ---------------------------------------------------------

function panel() {
  const shown = document.querySelector("[data-panel]");
  const seats = [...document.querySelectorAll("[data-seat]")];
  if (!shown) return;
  const say = () => {
    const verdicts = seats
      .map((seat) => seat.querySelector("[name$=-verdict]:checked")?.value || seat.dataset.verdict)
      .filter(Boolean);
    const ship = verdicts.filter((verdict) => verdict === "ship").length;
    const all = verdicts.length;
    // Round half up, as the database does.
    shown.querySelector("[data-figure]").textContent = all ? `${Math.floor((200 * ship + all) / (2 * all))}%` : "—";
    shown.querySelector("[data-words]").textContent = all ? `${ship} of ${all} ship` : "Not reviewed yet";
  };
  document.addEventListener("change", say);
  say();
}

// -- Warn before losing unsaved input ------------------------------------------------------------------------

function guard() {
  const filled = () => new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, value.name ?? value])).toString();
  let before = filled();
  let isSaving = false;
  form.addEventListener("submit", () => { isSaving = true; });
  addEventListener("pageshow", () => { isSaving = false; });
  addEventListener("beforeunload", (event) => {
    if (!isSaving && (form.querySelector(".desk-row--wrong, .desk-draft--wrong") || document.getElementById("problems") || filled() !== before)) event.preventDefault();
  });
}

if (form && part) {
  document.querySelectorAll("[data-count]").forEach(count);
  document.querySelectorAll("[data-rows]").forEach(rows);
  document.querySelectorAll("[data-start]").forEach(startFrom);
  document.querySelectorAll("fieldset.desk-row").forEach((row) => { paidFields(row); vouch(row); askWhy(row); });
  suggestSlug();
  factsOfCategory();
  panel();
  guard();
  document.getElementById("problems")?.focus();
}
