"""What a new user's first script does, for both implementations of the API.

The settings are read by hand: a script of a user doesn't import a benchmark's
modules, and the reference imports this file a second time in its worker.
"""

import json
import sys

import envknit

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    envknit.configure_from_lock(settings["lock"])
    with envknit.worker("numpy", settings["packages"]["numpy"]["version"]) as np:
        print(int(np.add(1, 2)), flush=True)
