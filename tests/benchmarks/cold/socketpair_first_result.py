"""The same first result from a second interpreter at the end of a socketpair."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from settings import Settings
    from worlds.socketpair_world import SocketpairWorld

    world = SocketpairWorld(Settings.read(sys.argv[1]))
    print(world.call("numpy", "add", (1, 2)), flush=True)
    world.close()
