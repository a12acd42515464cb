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
