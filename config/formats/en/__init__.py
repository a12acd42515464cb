"""The formats of the only language, English."""
