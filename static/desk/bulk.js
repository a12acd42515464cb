// Says that a large file is being worked on, and keeps it from being sent twice. The answer is the next page.

for (const form of document.querySelectorAll(".bulk-upload, .bulk-decide")) {
  const row = form.querySelector(".submit-row");
  const says = document.createElement("p");
  says.setAttribute("role", "status");
  says.className = "bulk-working";
  row.after(says);
  let isSent = false;
  form.addEventListener("submit", (event) => {
    if (isSent) event.preventDefault();
    isSent = true;
    says.textContent = "At work. Thousands of rows take some seconds, on a busy server a minute; leave this page open.";
  });
  addEventListener("pageshow", () => { isSent = false; says.textContent = ""; });
}
