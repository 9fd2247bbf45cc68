"""Drift: what the face collection and the tables say differently of the same faces and people."""
