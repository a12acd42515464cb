// Tells the page that waits for it that the session is renewed, and closes this small window. A tab that the user opened stays.

new BroadcastChannel("desk-session").postMessage("renewed");
window.close();
