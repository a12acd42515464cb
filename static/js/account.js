// Passkeys: show their buttons if the browser supports them, and explain errors.

const WORDS = {
  NotAllowedError: "No passkey was used. Try again, or sign in another way.",
  InvalidStateError: "This device already has a passkey for your account.",
  SecurityError:
    "Passkeys require localhost or a domain with https; this address does not support them.",
};

document.addEventListener("DOMContentLoaded", () => {
  if (!globalThis.PublicKeyCredential) return;
  for (const button of document.querySelectorAll("button[id^=passkey]")) button.hidden = false;
});

document.addEventListener("allauth.error", (event) => {
  event.preventDefault(); // shown on the page instead of in the console
  document.getElementById("notice").textContent =
    WORDS[event.detail.exception?.name] ?? "The passkey did not work. Try again, or sign in another way.";
});
