"""The panel: reviewers, their reviews and predictions, and the numbers of both."""
