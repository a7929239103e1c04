"""How a digest gets to its reader: the message, the SMTP connection, the outcome."""
