"""The operator's pages: one password, one overview, and the connection to GitHub."""
