"""Measurements of the embedded Rekognition."""
