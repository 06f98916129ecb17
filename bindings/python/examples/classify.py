"""Classifies a picture: python classify.py MODEL.gln PICTURE."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # not needed where the package is installed
import googlenet

if len(sys.argv) != 3:
    sys.exit("usage: classify.py MODEL.gln PICTURE")
try:
    with googlenet.Model(sys.argv[1]) as model:
        for prediction in model.classify(sys.argv[2]):
            print(f"{prediction.probability:.3f} {prediction.label}")
except googlenet.Error as error:
    sys.exit(f"classify.py: {error}")
