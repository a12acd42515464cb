"""Import and export at the desk: the catalog file and sheets, each with a dry run."""
