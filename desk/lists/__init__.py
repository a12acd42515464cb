"""Change lists: their filters, columns, and the action that marks rows as verified."""
