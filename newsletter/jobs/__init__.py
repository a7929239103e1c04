"""Who runs the pipeline."""
