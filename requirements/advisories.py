"""Known vulnerabilities of the versions that the lock file names.

``python requirements/advisories.py`` tells them and ends well: a vulnerability that became known today is no
reason to refuse a change that has nothing to do with it. ``--strict``, which ``make lock`` asks for, ends
badly, so that no such version is chosen anew. Where the package index publishes no advisories (mirrors seldom
do) or cannot be reached, nothing was checked, and it says so.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).with_name("facegate.lock")
_PATIENCE_SECONDS = 120


def audited() -> list[dict[str, Any]] | None:
    """Ask the package index about each locked version; None where it cannot be asked."""
    command = [
        sys.executable, "-m", "pip_audit", "--vulnerability-service", "pypi", "--requirement", str(LOCK),
        "--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off",
        "--timeout", "5",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False)
        return json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None


def main() -> int:
    """Say what is known, and whether that is reason to stop."""
    packages = audited()
    if packages is None:
        print("advisories: NOT checked, the package index cannot be reached")
        return 0
    known = [package for package in packages if "skip_reason" not in package]
    if len(known) < len(packages):
        unknown = len(packages) - len(known)
        print(f"advisories: {unknown} of {len(packages)} packages NOT checked, the index has none")
    vulnerable = [package for package in known if package["vulns"]]
    for package in vulnerable:
        for found in package["vulns"]:
            mended = ", ".join(found["fix_versions"]) or "no version yet"
            print(f"advisories: {package['name']} {package['version']} has {found['id']}, mended in {mended}")
    if known and not vulnerable:
        print(f"advisories: none known of {len(known)} packages")
    return 1 if vulnerable and "--strict" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
