"""Where sockets of this user's daemons are."""

from __future__ import annotations

import os
import stat

__all__ = ["private_socket_path"]

# sockaddr_un holds 108 bytes with the final zero.
_MAX_SOCKET_PATH = 107


def private_socket_path(number: int) -> str:
    """A path for the socket of this process's `number`-th private daemon.

    In `$ENVKNIT_RUNTIME_DIR`, else `$XDG_RUNTIME_DIR/envknit`, else `/tmp/envknit-UID`,
    and there too when a path in the former would be too long for a socket.

    Raises:
        RuntimeError: the folder is not a folder of this user.
    """
    name = f"private-{os.getpid()}-{number}.sock"
    short = f"/tmp/envknit-{os.getuid()}"
    own, common = (os.environ.get(key, "") for key in ("ENVKNIT_RUNTIME_DIR", "XDG_RUNTIME_DIR"))
    # As the daemon reads them: a relative one counts as unset.
    if os.path.isabs(own):
        folder = own
    elif os.path.isabs(common):
        folder = os.path.join(common, "envknit")
    else:
        folder = short
    if len(os.fsencode(os.path.join(folder, name))) > _MAX_SOCKET_PATH:
        folder = short
    _make_private(folder)
    return os.path.join(folder, name)


def _make_private(folder: str) -> None:
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        status = os.lstat(folder)
    except OSError as error:
        raise RuntimeError(f"can't make {folder} for the daemon's socket: {error}") from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise RuntimeError(f"{folder} is not a folder of this user: set ENVKNIT_RUNTIME_DIR")
    if status.st_mode & 0o077:
        os.chmod(folder, 0o700)
