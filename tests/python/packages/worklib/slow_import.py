"""An import that a deadline interrupts."""

import time

time.sleep(60)
