// Stores the drafts of the desk's forms in this browser (drafts.js says what is in them), and removes them when their user signs
// out. IndexedDB has them on the disk as soon as a write completes, so they survive the end of the whole browser. localStorage,
// which Chromium writes to the disk up to a minute later, takes what cannot wait because its page goes away, and everything in a
// browser without IndexedDB. See docs/decisions/0027-drafts-in-the-browser.md.
"use strict";
const draftStore = (() => {
  const { user } = document.currentScript.dataset;
  const ALL = "shipside-draft:"; // then user, page number, address, and form
  const OWN = `${ALL}${user}:`;
  const STORE = "drafts";
  const KEPT = 7 * 24 * 60 * 60 * 1000; // milliseconds
  const PATIENCE = 2000; // milliseconds that signing out waits

  const isKept = (draft) => typeof draft?.at === "number" && Date.now() - draft.at < KEPT && draft.totals && Object.keys(draft.values ?? {}).length > 0;

  let isOver = false; // the user signs out: nothing is stored any more

  // -- localStorage -----------------------------------------------------------------------------------------

  // In a browser that lets pages store nothing, any use of it raises an error.
  function attempt(action, otherwise) {
    try {
      return action();
    } catch {
      return otherwise;
    }
  }

  const listLocal = () => attempt(() => Object.keys(localStorage).filter((key) => key.startsWith(ALL)), []);
  const readLocal = (key) => attempt(() => JSON.parse(localStorage.getItem(key)), null);
  const removeLocal = (keys) => attempt(() => keys.forEach((key) => localStorage.removeItem(key)));

  function writeLocal(key, draft) {
    if (isOver) return;
    const write = () => {
      localStorage.setItem(key, JSON.stringify(draft));
      return true;
    };
    while (!attempt(write, false)) {
      // Full: the oldest draft of another page makes room.
      const [oldest] = listLocal().filter((other) => other !== key).sort((one, two) => (readLocal(one)?.at ?? 0) - (readLocal(two)?.at ?? 0));
      if (!oldest) return;
      removeLocal([oldest]);
    }
  }

  // -- IndexedDB --------------------------------------------------------------------------------------------

  const opened = new Promise((resolve, reject) => {
    const request = indexedDB.open("shipside-desk", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onerror = reject;
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close(); // the user deletes what the site has stored
      resolve(request.result);
    };
  });
  opened.catch(() => {}); // each use of it has its own answer to that

  // Run one transaction, and wait until the disk has what it wrote. By default, browsers wait for the operating system only.
  async function run(work) {
    const transaction = (await opened).transaction(STORE, "readwrite", { durability: "strict" });
    work(transaction.objectStore(STORE));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
  }

  // -- Both -------------------------------------------------------------------------------------------------

  // Return this user's drafts by key. Drafts in localStorage move to the database, unless it has newer ones, and old drafts go.
  async function readAll() {
    const drafts = new Map();
    const moving = listLocal();
    const merge = (put, drop) => {
      for (const key of moving) {
        const draft = readLocal(key);
        if (draft?.at < drafts.get(key)?.at) continue;
        drafts.set(key, draft);
        if (isKept(draft)) put(draft, key);
      }
      for (const [key, draft] of drafts) {
        if (!isKept(draft)) drop(key);
        if (!isKept(draft) || !key.startsWith(OWN)) drafts.delete(key);
      }
    };
    try {
      await run((store) => {
        const keys = store.getAllKeys();
        const values = store.getAll();
        values.onsuccess = () => {
          keys.result.forEach((key, place) => drafts.set(key, values.result[place]));
          merge((draft, key) => store.put(draft, key), (key) => store.delete(key));
        };
      });
      removeLocal(moving);
    } catch {
      merge(() => {}, (key) => removeLocal([key]));
    }
    return drafts;
  }

  // Resolve once the draft is on the disk, or in localStorage if there is no database.
  async function write(key, draft) {
    if (isOver) return;
    await run((store) => store.put(draft, key)).catch(() => writeLocal(key, draft));
  }

  async function remove(keys) {
    removeLocal(keys);
    await run((store) => keys.forEach((key) => store.delete(key))).catch(() => {});
  }

  async function removeOwn() {
    removeLocal(listLocal().filter((key) => key.startsWith(OWN)));
    await run((store) => store.delete(IDBKeyRange.bound(OWN, `${OWN}\uffff`))).catch(() => {});
  }

  // The drafts of a user end with the session if the user signs out, here or on the page of the account.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.getAttribute("action")?.endsWith("/logout/")) return;
    event.preventDefault();
    if (isOver) return;
    isOver = true;
    await Promise.race([removeOwn(), new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
    form.submit();
  });

  return { OWN, readAll, write, writeNow: writeLocal, remove };
})();
