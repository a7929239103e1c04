"""What GitHub says: webhooks, commits, and the REST API."""
