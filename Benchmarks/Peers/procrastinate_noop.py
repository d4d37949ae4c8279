"""Defers COUNT jobs that do nothing in bulk and works them off; prints jobs per second, both included."""
import asyncio
import os
import sys
import time

import procrastinate

count, concurrency = int(sys.argv[1]), int(sys.argv[2])
app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(
        conninfo=os.environ["BENCH_DATABASE"], min_size=4, max_size=concurrency + 4))


@app.task(queue="bench")
async def noop():
    pass


async def main():
    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        start = time.perf_counter()
        for _ in range(0, count, 1000):
            await noop.batch_defer_async(*[{} for _ in range(min(1000, count))])
        await app.run_worker_async(
            concurrency=concurrency, wait=False, listen_notify=False, install_signal_handlers=False)
        print(count / (time.perf_counter() - start))


asyncio.run(main())
