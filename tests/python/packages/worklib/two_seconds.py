"""An import that takes longer than many a call's timeout."""

import os
import time

time.sleep(2)


def echo(value):
    return value


def pid():
    return os.getpid()


def exit_at_once(code):
    os._exit(code)
