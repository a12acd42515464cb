// The sections of a long form, and the seats in one of them: folded as they were the last time, and opened for
// whatever leads into one.
"use strict";
{
  const sections = [...document.querySelectorAll("details[data-section]")];
  const user = document.querySelector("script[data-user]")?.dataset.user;
  const key = `shipside-sections:${user}`;
  const nameOf = (section) => section.dataset.section;
  const isWrong = (section) => section.dataset.errors > 0;

  function read() {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? {};
    } catch {
      return {}; // this browser lets pages store nothing
    }
  }

  function write(states) {
    try {
      localStorage.setItem(key, JSON.stringify(states));
    } catch {
      // as above
    }
  }

  function reveal(element) {
    for (let section = element?.closest("details"); section; section = section.parentElement.closest("details")) section.open = true;
  }

  // A link leads into a section, also if it is folded, and the keyboard goes on from there.
  function follow(hash) {
    const target = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
    if (!target) return;
    reveal(target);
    target.scrollIntoView();
    target.closest("summary")?.focus({ preventScroll: true });
  }

  const states = read();
  for (const section of sections) {
    const isOpen = states[nameOf(section)];
    if (isOpen !== undefined && !isWrong(section)) section.open = isOpen;
    // Only what somebody folds or unfolds by hand is remembered, not what a link or an error opened.
    section.querySelector(":scope > summary").addEventListener("click", () => write({ ...read(), [nameOf(section)]: !section.open }));
  }
  // A problem and a question of a merge are about a field that can be seen.
  for (const { hash } of document.querySelectorAll(".desk-problems a, .conflict a")) reveal(document.getElementById(decodeURIComponent(hash.slice(1))));
  for (const link of document.querySelectorAll(".desk-sections a, .desk-problems a")) {
    link.addEventListener("click", () => setTimeout(follow, 0, link.hash));
  }
  addEventListener("hashchange", () => follow(location.hash));
  follow(location.hash);
  // A browser does not send a form with an invalid field, and cannot show its message on a field that is folded away.
  document.addEventListener("invalid", (event) => reveal(event.target), true);
}
