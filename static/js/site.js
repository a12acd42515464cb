// What htmx does not do: mark this browser's own votes, and report a lost network.

// htmx does nothing that the content security policy would block. It swaps pages and invalid forms (422). Any other error
// changes neither the page nor its address or title: `report` below shows it. (Here, because it would take more in each page.)
Object.assign(htmx.config, {
  allowEval: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyRestoreAsHxRequest: false,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..|422", swap: true },
    { code: "[45]..", swap: false, error: true },
  ],
});

// Identical in all requests of this page load, so two simultaneous first votes belong to one visitor. Never stored.
const pageLoad = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const hasVoted = () => document.cookie.split("; ").some((cookie) => cookie === "voted=1");

// One request per ballot at a time, so that requests arrive in the order of the clicks. A click during a request waits for the
// response, and only the last such click is sent. A double click sends nothing new.
const ballots = new Map();

// An error stands in the ballot where it happened; errors of other forms, in the page's notice.
const findError = (element) => element?.closest?.(".ballot")?.querySelector(".ballot__error") ?? document.getElementById("notice");

function mark(block, choice) {
  for (const button of block.querySelectorAll("button[aria-pressed]")) {
    button.setAttribute("aria-pressed", String(button.value === choice));
  }
  const undo = block.querySelector("button[value=none]");
  if (undo) undo.hidden = !choice;
}

// Which of the two tools was chosen, in the order of the page, as its form spells it.
function chosen(block, pairs) {
  const shown = block.dataset.pair.split(" ");
  const said = pairs.find(([one, two]) => shown.includes(one) && shown.includes(two));
  return said && (["first", "second"][shown.indexOf(said[2])] ?? "neither");
}

async function markMyVotes() {
  const blocks = document.querySelectorAll("[data-tool]");
  const pair = document.querySelector("[data-pair]");
  if (!(blocks.length || pair) || !hasVoted() || ballots.size) return;
  const response = await fetch("/me/votes/", { headers: { Accept: "application/json" } });
  if (!response.ok) return;
  const { votes, pairs } = await response.json();
  if (ballots.size) return; // a click in the meantime: its response is newer
  for (const block of blocks) mark(block, votes[block.dataset.tool] ?? null);
  if (pair) mark(pair, chosen(pair, pairs) ?? null);
}

// A page restored from the back/forward cache may show a vote that has changed since, and so may another tab.
addEventListener("pageshow", markMyVotes);
addEventListener("focus", markMyVotes);

document.addEventListener("htmx:confirm", (event) => {
  const { elt, path, triggeringEvent } = event.detail;
  const button = triggeringEvent?.submitter;
  if (!button || !elt.matches(".ballot")) return;
  const asked = ballots.get(path);
  if (asked) {
    event.preventDefault();
    asked.next = button.value === asked.choice ? null : button.id;
  } else ballots.set(path, { choice: button.value, next: null, clicked: button.id });
});

document.addEventListener("htmx:beforeSend", ({ detail }) => {
  const asked = ballots.get(detail.requestConfig.path);
  if (asked) asked.xhr = detail.xhr;
});

function answered({ detail }) {
  const path = detail.requestConfig?.path;
  const asked = ballots.get(path);
  if (!asked || asked.xhr !== detail.xhr) return;
  ballots.delete(path);
  const clicked = document.getElementById(asked.clicked);
  if (detail.xhr.status === 200 && asked.choice !== "none" && !hasVoted()) {
    findError(clicked).textContent = "Your browser refuses our cookie: you cannot change this vote later.";
  }
  // After Undo by keyboard, focus the first button, because the one that was pressed is now hidden.
  if (clicked?.hidden && document.activeElement === document.body) clicked.form.querySelector("button").focus();
  if (asked.next) document.getElementById(asked.next)?.click();
}

document.addEventListener("htmx:afterSettle", answered);
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful) answered(event);
});

function report({ elt }, ...nodes) {
  if (elt.id === "verdict") return; // it follows a vote that counts: its error would seem to be the vote's
  findError(elt).replaceChildren(...nodes);
}

document.addEventListener("htmx:sendError", ({ detail }) => {
  report(detail, "That did not reach us: the network seems to be gone. Try again.");
});

// Our own errors are short messages. A proxy's are pages of its own, which mean little to a reader, or nothing at all.
document.addEventListener("htmx:responseError", ({ detail }) => {
  const { status, response } = detail.xhr;
  const { body } = new DOMParser().parseFromString(response, "text/html");
  if (body.firstElementChild?.matches(".lost__words")) report(detail, ...body.childNodes);
  else if (status === 429) report(detail, "Too many requests at once. Try again in a minute.");
  else report(detail, `The site could not answer (error ${status}). Try again in a moment.`);
});

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  document.getElementById("notice").textContent = "";
  if (!detail.elt.matches(".ballot")) return;
  const around = detail.elt.closest(".board") ?? detail.elt; // errors in a board would overlap
  for (const error of around.querySelectorAll(".ballot__error")) error.textContent = "";
});

// A vote moves nothing. What it changes takes at least the place that it took before, and buttons that would move up get
// a margin. (The rules stand in a sheet, not in style attributes: htmx copies these, and our policy forbids them.) Words
// that would take more place than the sheets leave them stay as they were until the page is loaded again.
const places = new CSSStyleSheet();
document.adoptedStyleSheets.push(places);
const margins = new Map(); // pixels above the buttons of a block, by its id
let before = null;

const findWords = (block) => [...block.children].filter((child) => !child.matches(".ballot"));
const findTop = (element) => element.getBoundingClientRect().top + scrollY;
const measure = () => [...document.querySelectorAll("main > *, .opening > *, .ballot, .foot")].map(findTop);

function hold() {
  const blocks = [...document.querySelectorAll("[data-tool], [data-pair], #verdict, #rails")];
  const rules = blocks.map((block) => `#${CSS.escape(block.id)} { min-block-size: ${block.getBoundingClientRect().height}px; }`);
  for (const [id, pixels] of margins) rules.push(`#${CSS.escape(id)} .ballot { margin-block-start: ${pixels}px; }`);
  places.replaceSync(rules.join("\n"));
}

document.addEventListener("htmx:beforeSwap", ({ detail: { target, shouldSwap } }) => {
  if (!shouldSwap) return;
  hold();
  before = target.matches("[data-tool], [data-pair], #verdict")
    ? { id: target.id, words: findWords(target).map((child) => child.cloneNode(true)), tops: measure() }
    : null;
});

document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (!before || target.id !== before.id) return;
  const moves = () => measure().map((place, index) => place - before.tops[index]);
  if (moves().some((pixels) => pixels >= 1)) {
    findWords(target).forEach((child) => child.remove());
    target.prepend(...before.words);
  }
  const ballot = target.querySelector(".ballot");
  const up = Math.min(...moves());
  if (ballot && up <= -1) {
    margins.set(target.id, parseFloat(getComputedStyle(ballot).marginBlockStart) - up);
    hold();
  }
  before = null;
});

addEventListener("resize", () => {
  margins.clear();
  places.replaceSync("");
});

// What is printed says where it is from and of which day it is. Filters may have changed the address since the page came.
addEventListener("beforeprint", () => {
  const printed = document.querySelector(".printed");
  if (!printed) return; // an error page
  const day = new Date().toLocaleDateString("en-US", { dateStyle: "medium" });
  const { origin } = new URL(printed.textContent.split(" · ", 1)[0]);
  printed.textContent = `${origin}${location.pathname}${location.search} · ${day}`;
});

// Submit only what was filled in.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb !== "get") {
    detail.headers["Page-Load"] = pageLoad;
    return;
  }
  for (const [name, value] of [...detail.formData.entries()]) if (value === "") detail.formData.delete(name);
});

// A list that is shown again leaves its filters open if they were.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  for (const { id } of document.querySelectorAll(":is(#fact-filters, #more-filters)[open]")) {
    detail.serverResponse = detail.serverResponse.replace(new RegExp(`id="${id}"(?! open)`), `id="${id}" open`);
  }
});
