"""Rekognition's wire protocol: AWS JSON 1.1 over HTTP, shaped by botocore's own service model."""
