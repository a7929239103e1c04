"""What comes back by mail: bounces, complaints and readers' commands."""
