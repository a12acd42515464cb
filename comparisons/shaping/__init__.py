"""Pure functions from records and objects to rows, cards, and sentences."""
