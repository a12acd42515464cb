"""The catalog file: its schema, import, and export."""
