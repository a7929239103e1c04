"""What a change means: by rules, or by a model that the rules keep within bounds."""
