"""The editors' handbook (docs/editors.md) as a page of the desk, and the place in it that helps with each page."""
