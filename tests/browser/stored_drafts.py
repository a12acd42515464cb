"""Reading and changing the drafts that a browser has stored (static/desk/draft_store.js)."""

import time
from collections.abc import Callable

from playwright.sync_api import Page

PATIENCE = 30  # seconds
EIGHT_DAYS = 8 * 24 * 60 * 60 * 1000  # milliseconds

# Transactions take turns, so this one sees everything that the page has begun to store or to remove.
_IN_STORE = """aged => new Promise((resolve, reject) => {
    const request = indexedDB.open("shipside-desk", 1);
    request.onupgradeneeded = () => request.transaction.abort(); // the page makes the database, not the test
    request.onerror = () => resolve([]);
    request.onsuccess = () => {
        const transaction = request.result.transaction("drafts", "readwrite");
        const store = transaction.objectStore("drafts");
        const keys = store.getAllKeys(), drafts = store.getAll();
        drafts.onsuccess = () => {
            if (aged) keys.result.forEach((key, place) =>
                store.put({...drafts.result[place], at: drafts.result[place].at - aged}, key));
        };
        transaction.onabort = () => reject(transaction.error);
        transaction.oncomplete = () => {
            request.result.close();
            resolve(drafts.result);
        };
    };
})"""


def list_drafts(page: Page) -> list[dict]:
    return page.evaluate(_IN_STORE, 0)


def age_drafts(page: Page) -> None:
    """Make all drafts eight days older."""
    page.evaluate(_IN_STORE, EIGHT_DAYS)


def wait_for_drafts(page: Page, condition: Callable[[list[dict]], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition(drafts := list_drafts(page)):
        assert time.monotonic() < deadline, drafts
        page.wait_for_timeout(50)


def wait_until_stored(page: Page, words: str) -> None:
    """Wait until the words are in a draft on the disk."""
    wait_for_drafts(page, lambda drafts: any(words in str(draft["values"]) for draft in drafts))


def wait_until_forgotten(page: Page) -> None:
    """Wait until the browser has no draft left."""
    wait_for_drafts(page, lambda drafts: not drafts)
