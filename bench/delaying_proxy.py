"""delaying_proxy.py PORT SECONDS: a TCP proxy on loopback that delays what passes, as a long line does. Prints its port."""

import asyncio
import contextlib
import subprocess
import sys


@contextlib.contextmanager
def delaying_proxy(target, seconds):
    """Forwards connections to the port `target`; data arrive `seconds` later, on both ways. Yields the proxy's port."""
    command = [sys.executable, __file__, str(target), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as proxy:
        try:
            yield int(proxy.stdout.readline())
        finally:
            proxy.kill()


async def serve(target, seconds):
    async def accept(reader, writer):
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(forward(reader, other_writer, seconds), forward(other_reader, writer, seconds))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def forward(reader, writer, seconds):
    """What arrives while earlier data wait is not held up by them: the line is long, not narrow."""
    line = asyncio.Queue()
    delivery = asyncio.create_task(deliver(line, writer))
    data = True
    while data:
        data = await read(reader)
        line.put_nowait((asyncio.get_running_loop().time() + seconds, data))
    await delivery


async def deliver(line, writer):
    while True:
        due, data = await line.get()
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        if not data:
            writer.close()
            return
        writer.write(data)


async def read(reader):
    try:
        return await reader.read(1 << 16)
    except ConnectionError:
        return b""


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
