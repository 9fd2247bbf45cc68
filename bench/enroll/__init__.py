"""Enrollment of batches: how fast, beside the embedded Rekognition alone, and with how much memory."""
