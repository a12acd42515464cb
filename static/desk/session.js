// Typing keeps the session from ending. If it has ended or soon will, the page says so, and what was typed can be saved from it
// after signing in again in another tab.

{
  const { user, session, login } = document.currentScript.dataset;
  const PAUSE = 5 * 60 * 1000; // milliseconds between questions while somebody types
  const RETURN = 5 * 1000; // the same when somebody comes back to the page
  const SOON = 60 * 60 * 1000;

  let asked = Date.now(); // the page itself was an answer
  let shown = null;

  function say(words, link = "") {
    shown?.remove();
    shown = null;
    if (!words) return;
    shown = document.createElement("p");
    shown.className = "session-ends";
    shown.setAttribute("role", "alert");
    shown.append(words);
    if (link) {
      const way = Object.assign(document.createElement("a"), { href: login, target: "_blank", rel: "noopener", textContent: link });
      shown.append(" ", way);
    }
    document.getElementById("content").prepend(shown);
  }

  async function ask() {
    asked = Date.now();
    const response = await fetch(session, { redirect: "manual", cache: "no-store" }).catch(() => null);
    if (!response) return say("The site does not answer. What you type is kept in this browser until it is saved.");
    if (response.type === "opaqueredirect") return say("You are signed out. What you typed is still here: sign in in another tab, come back, and save.", "Sign in");
    if (!response.ok) return;
    const { user: whose, ends, token } = await response.json();
    if (String(whose) !== user) return say("Somebody else is signed in to the desk in this browser now. What you save here is saved as theirs.");
    // A new session has a new token, which the forms of this page do not know.
    for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
    const end = new Date(ends);
    say(end - Date.now() < SOON ? `Your session ends at ${end.toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" })}. Save before that, or sign in again in another tab after it: what you typed stays here.` : "");
  }

  document.addEventListener("input", () => {
    if (Date.now() - asked > PAUSE) ask();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && (shown || Date.now() - asked > RETURN)) ask();
  });
  addEventListener("focus", () => {
    if (shown || Date.now() - asked > RETURN) ask();
  });
}
