"""The proof that a cluster of three databases loses no vote and sends no mail twice: `make prove-cluster`."""
