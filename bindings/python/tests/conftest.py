"""Makes the package importable from its folder, without installing it."""

import sys
from pathlib import Path

PACKAGE_FOLDER = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PACKAGE_FOLDER))
