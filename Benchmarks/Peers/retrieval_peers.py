"""Vector searches of others, on one core: `make FOLDER COUNT DIMENSIONS QUERIES` writes vectors and the truth by brute
force, of all and of every second one (odd rows); `PEER FOLDER` prints median and 99th percentile in milliseconds, recall at 10, and seconds to build."""
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import sys
import time

import numpy as np

K = 10


def make(folder, count, dimensions, queries):
    """Directions around a thousand centres, as those of texts on some subjects are; and the ten nearest of each query."""
    chance = np.random.default_rng(11)
    centres = chance.normal(size=(1000, dimensions)).astype(np.float32)

    def draw(number):
        around = centres[chance.integers(0, len(centres), number)]
        points = around + chance.normal(scale=0.9, size=(number, dimensions)).astype(np.float32)
        return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)

    base, asked = draw(count), draw(queries)
    truth, left = np.empty((queries, K), dtype=np.uint32), np.empty((queries, K), dtype=np.uint32)
    for row, query in enumerate(asked):
        scores = base @ query
        best = np.argpartition(-scores, K)[:K]
        truth[row] = best[np.argsort(-scores[best])]
        left[row] = np.argpartition(-scores[1::2], K)[:K] * 2 + 1
    base.tofile(f"{folder}/base.f32")
    asked.tofile(f"{folder}/queries.f32")
    truth.tofile(f"{folder}/truth.u32")
    left.tofile(f"{folder}/truth_odd.u32")
    with open(f"{folder}/shape", "w") as file:
        file.write(f"{count} {dimensions} {queries}")


def load(folder):
    count, dimensions, queries = map(int, open(f"{folder}/shape").read().split())
    return (
        np.fromfile(f"{folder}/base.f32", dtype=np.float32).reshape(count, dimensions),
        np.fromfile(f"{folder}/queries.f32", dtype=np.float32).reshape(queries, dimensions),
        np.fromfile(f"{folder}/truth.u32", dtype=np.uint32).reshape(queries, K),
    )


def numpy_flat(base):
    def search(query):
        scores = base @ query
        best = np.argpartition(-scores, K)[:K]
        return best

    return search


def faiss_flat(base):
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(base.shape[1])
    index.add(base)
    return lambda query: index.search(query[None, :], K)[1][0]


def faiss_hnsw(base):
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexHNSWFlat(base.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 100
    index.add(base)
    index.hnsw.efSearch = 256
    return lambda query: index.search(query[None, :], K)[1][0]


def usearch(base):
    from usearch.index import Index

    index = Index(ndim=base.shape[1], metric="ip", dtype="f32", connectivity=32, expansion_add=100, expansion_search=256)
    index.add(np.arange(len(base)), base, threads=1)
    return lambda query: index.search(query, K, threads=1).keys


def sqlite_vec(base):
    import sqlite3

    import sqlite_vec

    database = sqlite3.connect(":memory:")
    database.enable_load_extension(True)
    sqlite_vec.load(database)
    database.execute(f"CREATE VIRTUAL TABLE v USING vec0(e float[{base.shape[1]}] distance_metric=cosine)")
    with database:
        database.executemany(
            "INSERT INTO v(rowid, e) VALUES (?, ?)", ((row, vector.tobytes()) for row, vector in enumerate(base)))

    def search(query):
        found = database.execute(
            "SELECT rowid FROM v WHERE e MATCH ? AND k = ? ORDER BY distance", (query.tobytes(), K))
        return [row[0] for row in found]

    return search


def measure(folder, build):
    base, asked, truth = load(folder)
    start = time.perf_counter()
    search = build(base)
    built = time.perf_counter() - start
    for query in asked[:10]:
        search(query)
    times, hits = [], 0
    for query, wanted in zip(asked, truth):
        start = time.perf_counter()
        found = search(query)
        times.append(time.perf_counter() - start)
        hits += len(set(map(int, found)) & set(map(int, wanted)))
    print(np.median(times) * 1e3, np.percentile(times, 99) * 1e3, hits / truth.size, built)


if sys.argv[1] == "make":
    make(sys.argv[2], *map(int, sys.argv[3:6]))
else:
    peers = [numpy_flat, faiss_flat, faiss_hnsw, usearch, sqlite_vec]
    measure(sys.argv[2], {peer.__name__: peer for peer in peers}[sys.argv[1]])
