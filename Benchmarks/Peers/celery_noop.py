"""A Celery task that does nothing, and, as a program, the client: publishes COUNT and waits until they are done."""
import os
import sys
import time

import redis
from celery import Celery

address = os.environ["BENCH_REDIS"]
app = Celery("celery_noop", broker=address)
app.conf.update(
    task_ignore_result=True, worker_prefetch_multiplier=500, task_acks_late=False, broker_pool_limit=4,
    worker_disable_rate_limits=True, worker_send_task_events=False)
step = 20
done = 0


@app.task(name="noop", ignore_result=True)
def noop():
    global done
    done += 1
    # Counted in steps, so that counting costs next to nothing.
    if done % step == 0:
        store.incrby("bench:celery", step)


store = redis.Redis.from_url(address)


def publish(count):
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(count):
            noop.apply_async(producer=producer)


def main():
    count, processes = int(sys.argv[1]), int(sys.argv[2])
    publish(400)
    while int(store.get("bench:celery") or 0) < 400 - step * processes:
        time.sleep(0.05)
    time.sleep(1)
    store.set("bench:celery", 0)
    start = time.perf_counter()
    publish(count)
    while int(store.get("bench:celery") or 0) < count - step * processes:
        time.sleep(0.005)
    print(count / (time.perf_counter() - start))


if __name__ == "__main__":
    main()
