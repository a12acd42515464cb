"""Content in bulk: the catalog file and spreadsheets, up and down from the desk, with a dry run of each."""
