"""What is collected only beside the days of real pushes, which are not part of the project."""

from __future__ import annotations

from tests.support.corpus import CORPUS

collect_ignore = [] if (CORPUS / "index.json").exists() else ["test_real_analyses.py", "test_real_days.py"]
