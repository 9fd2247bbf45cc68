"""What holds before anything of ours is imported."""

import os

# rich keeps the width that it finds when it is imported; workers of pytest-xdist have one of 80 columns
os.environ.pop("COLUMNS", None)
