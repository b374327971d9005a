"""A TCP proxy on loopback that delays what passes, as a long line does."""

import asyncio
import contextlib
import threading


@contextlib.contextmanager
def delaying_proxy(target, seconds):
    """Forwards connections to the port `target`; data arrive `seconds` later, on both ways. Yields the proxy's port."""
    loop = asyncio.new_event_loop()

    async def accept(reader, writer):
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(forward(reader, other_writer, seconds), forward(other_reader, writer, seconds))

    server = loop.run_until_complete(asyncio.start_server(accept, "127.0.0.1", 0, backlog=1000))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def forward(reader, writer, seconds):
    """What arrives while earlier data wait is not held up by them: the line is long, not narrow."""
    line = asyncio.Queue()

    async def deliver():
        while True:
            due, data = await line.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            if not data:
                return
            writer.write(data)

    delivery = asyncio.ensure_future(deliver())
    with contextlib.suppress(ConnectionError):
        while True:
            data = await reader.read(1 << 16)
            line.put_nowait((asyncio.get_running_loop().time() + seconds, data))
            if not data:
                break
        await delivery
    delivery.cancel()
    writer.close()
