"""One search over everything at the desk: rows of every list that a user may open, and the pages of the menu."""
