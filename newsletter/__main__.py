"""``python -m newsletter`` does what ``newsletter`` does."""

from newsletter.cli import main

main()
