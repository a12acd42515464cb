"""How English pages write dates and numbers."""
