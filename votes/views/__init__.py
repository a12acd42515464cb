"""HTTP views of votes: casting, a visitor's own votes, the ledger, and the log of decisions."""
