"""The editors' desk: Django's admin, with publishing, history, sheets, and a page per tool."""
