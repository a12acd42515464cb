"""The public pages made of several tools: the side-by-side page, lists, search, and what programs read about them."""
