import io
import os
import shutil
import zipfile

import pytest

from infra.errors import DeploymentError
from infra.package import INGEST_SOURCES, package


def test_the_same_sources_make_the_same_bytes_wherever_they_are_checked_out(tmp_path):
    elsewhere = tmp_path / "checkout" / "ingest"
    shutil.copytree(INGEST_SOURCES, elsewhere)
    for file in elsewhere.glob("*.py"):
        os.utime(file, (1, 1))
        file.chmod(0o600)
    assert package(elsewhere) == package()


def test_a_changed_source_changes_the_key(tmp_path):
    changed = tmp_path / "ingest"
    shutil.copytree(INGEST_SOURCES, changed)
    with (changed / "handler.py").open("a") as handler:
        handler.write("\n# changed\n")
    assert package(changed).key != package().key


def test_only_the_python_sources_are_packed():
    names = zipfile.ZipFile(io.BytesIO(package().data)).namelist()
    assert names == sorted(f"ingest/{file.name}" for file in INGEST_SOURCES.glob("*.py"))
    assert "ingest/handler.py" in names


def test_a_folder_without_sources_is_refused(tmp_path):
    with pytest.raises(DeploymentError, match="holds no Python files"):
        package(tmp_path)
