// Passkeys: the buttons show where the browser knows them, and what goes wrong is said in words.

const WORDS = {
  NotAllowedError: "No passkey was given. Try again, or take another way.",
  InvalidStateError: "This device has a passkey for your account already.",
  SecurityError:
    "Passkeys need a name in the address, as in localhost or your own domain with https; this address does not do.",
};

document.addEventListener("DOMContentLoaded", () => {
  if (!globalThis.PublicKeyCredential) return;
  for (const button of document.querySelectorAll("button[id^=passkey]")) button.hidden = false;
});

document.addEventListener("allauth.error", (event) => {
  event.preventDefault(); // it is said here, and not in the console
  document.getElementById("notice").textContent =
    WORDS[event.detail.exception?.name] ?? "The passkey did not work. Try again, or take another way.";
});
