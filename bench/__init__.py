"""Benchmarks and proofs, random requests, and load: what `make bench-…`, `prove-…`, `fuzz`, and `stress` run."""
