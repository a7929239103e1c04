"""Benchmarks: each is a ratio to a peer, or a limit, within one run on one machine."""
