// Buttons for recovery codes: copy, download, print. Without JavaScript they can be written down, as the page says.

{
  const list = document.querySelector(".account__codes");
  const text = `${document.title}\n\n${[...list.querySelectorAll("code")].map((code) => code.textContent).join("\n")}\n`;
  const status = Object.assign(document.createElement("span"), { role: "status" });

  function download() {
    const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    Object.assign(document.createElement("a"), { href: url, download: "recovery-codes.txt" }).click();
    URL.revokeObjectURL(url);
  }

  async function copy() {
    status.textContent = await navigator.clipboard.writeText(text).then(
      () => "Copied.",
      () => "Your browser did not allow it.",
    );
  }

  const ways = { Copy: navigator.clipboard && copy, Download: download, Print: () => print() };
  const row = document.createElement("p");
  row.className = "account__buttons";
  for (const [name, act] of Object.entries(ways)) {
    if (!act) continue; // there is no clipboard without HTTPS
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button button--quiet", textContent: name });
    button.addEventListener("click", act);
    row.append(button);
  }
  row.append(status);
  list.after(row);
}
