// Typing keeps the session from ending. If it has ended or soon will, the page says so, and the session is renewed in a small
// window while this page waits: nothing typed is touched. Saving asks first whether there still is a session.
"use strict";
{
  const { user, session, login, renew } = document.currentScript.dataset;
  const PAUSE = 5 * 60 * 1000; // milliseconds between questions while somebody types
  const RETURN = 5 * 1000; // the same when somebody comes back to the page
  const FRESH = 10 * 1000; // a save asks nothing that was asked so recently
  const WAIT = 3000; // between questions while the small window is open
  const SOON = 60 * 60 * 1000;
  const [OK, OUT, LOST, OTHER] = ["ok", "out", "lost", "other"];

  let asked = Date.now(); // the page itself was an answer
  let known = OK;
  let shown = null;

  function make(tag, fields = {}, ...children) {
    const element = Object.assign(document.createElement(tag), fields);
    element.append(...children);
    return element;
  }

  function say(words, action = "", address = "") {
    shown?.remove();
    shown = null;
    if (!words) return;
    shown = make("p", { className: "session-ends" }, words);
    shown.setAttribute("role", "alert");
    if (action) {
      const button = make("button", { type: "button", className: "button", textContent: action });
      button.addEventListener("click", () => signIn(address));
      shown.append(" ", button);
    }
    document.getElementById("content").prepend(shown);
  }

  async function ask() {
    known = await findState();
    return known;
  }

  async function findState() {
    asked = Date.now();
    const response = await fetch(session, { redirect: "manual", cache: "no-store" }).catch(() => null);
    if (!response) {
      say("The site does not answer. What you type is kept in this browser until it is saved.");
      return LOST;
    }
    if (response.type === "opaqueredirect") {
      say("You are signed out. What you typed is still here.", "Sign in", login);
      return OUT;
    }
    if (!response.ok) return OK;
    const { user: whose, ends, token } = await response.json();
    if (String(whose) !== user) {
      say("Somebody else is signed in to the desk in this browser now. What you save here is saved as theirs.");
      return OTHER;
    }
    // A new session has a new token, which the forms of this page do not know.
    for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
    const end = new Date(ends);
    const time = end.toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" });
    if (end - Date.now() < SOON) say(`Your session ends at ${time}. What you typed stays here.`, "Renew it now", renew);
    else say("");
    return OK;
  }

  // Open the sign-in page in a small window, and wait until there is a session again. Then go on with what was to be saved.
  function signIn(address, goOn = () => {}) {
    let small = null;
    const show = () => { small = window.open(address, "desk-sign-in", "popup,width=520,height=760"); };
    const words = make("p", { textContent: "Sign in in the small window. This page waits, and nothing that you typed is touched." });
    const again = make("button", { type: "button", className: "button default", textContent: "Open the window" });
    const cancel = make("button", { type: "button", className: "button", textContent: "Not now" });
    const dialog = make("dialog", { className: "session-dialog" }, make("h2", { textContent: "Renew your session" }), words, make("p", {}, again, " ", cancel));
    const news = new BroadcastChannel("desk-session"); // the last page of the small window says that it is done
    let timer = 0;
    const stop = () => {
      clearInterval(timer);
      small?.close();
      news.close();
      dialog.remove();
    };
    const look = async () => {
      if ((await ask()) !== OK || !dialog.isConnected) return;
      stop();
      goOn();
    };
    news.addEventListener("message", look);
    if (address === login) timer = setInterval(look, WAIT); // also if it happens in another window
    again.addEventListener("click", show);
    cancel.addEventListener("click", stop);
    dialog.addEventListener("cancel", stop);
    dialog.setAttribute("aria-label", "Renew your session");
    document.body.append(dialog);
    dialog.showModal();
    show();
  }

  let passed = null; // the form that may be sent

  document.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (form === passed || form.method !== "post" || !form.closest("#content") || (known === OK && Date.now() - asked < FRESH)) return;
    event.preventDefault();
    event.stopPropagation();
    const send = () => {
      passed = form;
      form.requestSubmit(submitter);
      passed = null;
    };
    const before = known;
    const state = await ask();
    if (state === OK || (state === OTHER && before === OTHER)) send(); // who presses twice has read it
    if (state === OUT) signIn(login, send);
  }, { capture: true });

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
