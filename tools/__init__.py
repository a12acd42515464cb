"""Tools, their categories, plans, and facts, and the states in which content is published."""
