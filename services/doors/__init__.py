"""Doors that act: orders are sent, tried again while they are worth something, and reported."""
