"""The same first result from a peer's or the floor's second interpreter."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from settings import Settings
    from worlds import make_world

    world = make_world(sys.argv[2], Settings.read(sys.argv[1]))
    print(world.call("numpy", "add", (1, 2)), flush=True)
    world.close()
