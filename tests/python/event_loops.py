"""What tests of event loops share."""

import asyncio


def run(test):
    """Runs a test's coroutine function; a loop that hangs is a failure."""

    async def bounded():
        await asyncio.wait_for(test(), 60)

    asyncio.run(bounded(), debug=False)
