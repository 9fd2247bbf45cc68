"""The recognition path under load, beside a plain web application that asks Rekognition in its request."""
