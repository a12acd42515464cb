// Shows that a large file is being processed, and prevents sending it twice. The response is the next page.

for (const form of document.querySelectorAll(".bulk-upload, .bulk-decide")) {
  const row = form.querySelector(".submit-row");
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  status.className = "bulk-working";
  row.after(status);
  let isSent = false;
  form.addEventListener("submit", (event) => {
    if (isSent) event.preventDefault();
    isSent = true;
    status.textContent = "Processing. Thousands of rows take a few seconds, or a minute on a busy server. Keep this page open.";
  });
  addEventListener("pageshow", () => { isSent = false; status.textContent = ""; });
}
