"""Measurements of Facegate; nothing here is imported by the product."""
