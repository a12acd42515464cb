"""Handing a draft over: its page with the comments, the panel that leads there, and the lists of the front page."""
