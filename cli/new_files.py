"""Files that commands write."""

from pathlib import Path

import typer


def in_a_folder(path: Path | None) -> Path | None:
    """Refuse a file, as an option's callback, whose folder is not there: nothing is begun for it."""
    if path is not None and not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent}")
    return path
