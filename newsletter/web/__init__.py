"""HTTP in: the only place that knows status codes."""
