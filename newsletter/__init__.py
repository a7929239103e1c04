"""A self-hosted e-mail newsletter service for GitHub repositories."""
