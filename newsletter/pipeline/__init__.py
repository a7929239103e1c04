"""The stages run one after the other: load, decide, act, save."""
