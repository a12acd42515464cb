// What htmx does not do: mark this browser's own votes, and say so when the network is gone.

// The same for all requests of this page: two first votes at the same moment are then one visitor's. Kept nowhere.
const pageLoad = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const hasVoted = () => document.cookie.split("; ").some((cookie) => cookie === "voted=1");

function mark(block, choice) {
  for (const button of block.querySelectorAll("button[aria-pressed]")) {
    button.setAttribute("aria-pressed", String(button.value === choice));
  }
  const undo = block.querySelector("button[value=none]");
  if (undo) undo.hidden = !choice;
}

// Of two tools in the order of the page: which one was chosen, as its form says it.
function chosen(block, pairs) {
  const shown = block.dataset.pair.split(" ");
  const said = pairs.find(([one, two]) => shown.includes(one) && shown.includes(two));
  return said && (["first", "second"][shown.indexOf(said[2])] ?? "neither");
}

async function markMyVotes() {
  const blocks = document.querySelectorAll("[data-tool]");
  const pair = document.querySelector("[data-pair]");
  if (!(blocks.length || pair) || !hasVoted()) return;
  const response = await fetch("/me/votes/", { headers: { Accept: "application/json" } });
  if (!response.ok) return;
  const { votes, pairs } = await response.json();
  for (const block of blocks) mark(block, votes[block.dataset.tool] ?? null);
  if (pair) mark(pair, chosen(pair, pairs) ?? null);
}

// A page that comes back from the back/forward cache may show a vote that was changed meanwhile.
addEventListener("pageshow", markMyVotes);

// One request a ballot at a time, so that they arrive in the order of the clicks: what is clicked meanwhile is said after
// the answer, and only the last of it. A double click says nothing new.
const ballots = new Map();

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
  // Who undoes by keyboard goes on from the first button: the one that was clicked is hidden now.
  const clicked = document.getElementById(asked.clicked);
  if (clicked?.hidden && document.activeElement === document.body) clicked.form.querySelector("button").focus();
  if (asked.next) document.getElementById(asked.next)?.click();
}

document.addEventListener("htmx:afterSettle", answered);
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful) answered(event);
});

document.addEventListener("htmx:sendError", () => {
  document.getElementById("notice").textContent =
    "That did not reach us: the network seems to be gone. Nothing was counted; please try again.";
});

document.addEventListener("htmx:beforeRequest", () => {
  document.getElementById("notice").textContent = "";
});

// An address says only what was chosen.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb !== "get") {
    detail.headers["Page-Load"] = pageLoad;
    return;
  }
  for (const [name, value] of [...detail.formData.entries()]) if (value === "") detail.formData.delete(name);
});
