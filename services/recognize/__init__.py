"""The recognize worker: one frame in, one decision out."""
