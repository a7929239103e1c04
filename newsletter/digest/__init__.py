"""What a cohort reads: pure functions from a closed day to a rendered mail."""
