"""The calendar of what comes out: scheduled content, issues of the newsletter, and predictions that are due."""
