"""A sample day on stand-in servers, to see the service work without any account."""
