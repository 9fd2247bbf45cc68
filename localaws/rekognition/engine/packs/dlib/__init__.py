"""The dlib model pack: its description, and the PyPI package that its weights come from, hash locked."""
