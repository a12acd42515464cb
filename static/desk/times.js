// An editor's own time beside UTC, in which the desk keeps all times.
"use strict";
{
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const place = timeZone.split("/").at(-1).replaceAll("_", " ");
  const format = new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeStyle: "short" });
  const hour = new Intl.DateTimeFormat("en-US", { timeStyle: "short" });
  const isUtc = (at) => at.getTimezoneOffset() === 0;
  const isSameDay = (at) => at.getDate() === at.getUTCDate();

  for (const time of document.querySelectorAll("time[datetime*=T]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(+at) && !isUtc(at)) time.append(` (${(isSameDay(at) ? hour : format).format(at)} in ${place})`);
  }

  for (const input of document.querySelectorAll("input[data-utc]")) {
    const note = Object.assign(document.createElement("p"), { className: "help", role: "status" });
    const say = () => {
      const at = new Date(`${input.value}Z`);
      note.textContent = Number.isNaN(+at) || isUtc(at) ? "" : `${format.format(at)} in ${place}.`;
    };
    input.after(note);
    input.addEventListener("input", say);
    say();
  }
}
