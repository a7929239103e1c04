"""The archive of public repositories: days, changes, search and feeds."""
