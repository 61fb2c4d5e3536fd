"""The same first result without any boundary: an interpreter that imports numpy."""

import json
import sys

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    sys.path.insert(0, settings["packages"]["numpy"]["path"])
    import numpy as np

    print(int(np.add(1, 2)), flush=True)
