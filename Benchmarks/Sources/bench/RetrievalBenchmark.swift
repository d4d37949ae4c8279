import Base
import Foundation
import Retrieval

/// The ten nearest of a tenant's passages on one core, beside numpy, faiss (flat and HNSW), usearch and sqlite-vec.
///
/// `--count` and `--queries` take other numbers than 100,000 vectors of 384 and 1,000 questions.
enum RetrievalBenchmark: Benchmark {
    static let name = "retrieval"
    private static let dimensions = 384
    private static let limit = 10
    private static let peers = [
        ("numpy_flat", "numpy, brute force"), ("faiss_flat", "faiss IndexFlatIP"),
        ("faiss_hnsw", "faiss IndexHNSWFlat, ef 256"), ("usearch", "usearch, ef 256"),
        ("sqlite_vec", "sqlite-vec"),
    ]

    private struct Figures {
        var median: Double
        var p99: Double
        var recall: Double
        var built: Double
    }

    static func run() async throws -> [(String, String)] {
        guard let tools = ProcessInfo.processInfo.environment["CAPSTAN_BENCH_RETRIEVAL"] else {
            throw Impossible("no peers: start this through Scripts/bench")
        }
        let python = "\(tools)/bin/python"
        let script =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Peers/retrieval_peers.py").path
        let folder = try Command.temporaryFolder()
        let (count, queries) = (option("--count") ?? 100_000, option("--queries") ?? 1_000)
        try Command.run(python, [script, "make", folder.path, "\(count)", "\(dimensions)", "\(queries)"])
        let ours = try await measure(folder, count: count, queries: queries)
        var table = Table(
            "\(count) vectors of \(dimensions)", "median ms", "p99 ms", "recall@\(limit)", "built in s")
        func row(_ name: String, _ figures: Figures) {
            table.row(
                name, figures.median.shown(2), figures.p99.shown(2), figures.recall.shown(4), figures.built.shown(1))
        }
        row("ours, 8 bits with exact order", ours)
        var best = Double.infinity
        for (peer, title) in peers {
            let words = try Command.run(python, [script, peer, folder.path]).split(separator: "\n").last?
                .split(separator: " ").compactMap { Double($0) }
            guard let words, words.count == 4 else { throw Impossible("\(peer) printed no figures") }
            let theirs = Figures(median: words[0], p99: words[1], recall: words[2], built: words[3])
            row(title, theirs)
            if theirs.recall >= 0.99, peer != "faiss_hnsw", peer != "usearch" { best = min(best, theirs.p99) }
        }
        table.show()
        try FileManager.default.removeItem(at: folder)
        return [
            ("ratio", (best / ours.p99).shown()), ("p99_ms", ours.p99.shown(2)), ("recall", ours.recall.shown(4)),
            ("built_s", ours.built.shown(1)),
        ]
    }

    private static func option(_ name: String) -> Int? {
        let words = CommandLine.arguments
        return words.firstIndex(of: name).flatMap { words.indices.contains($0 + 1) ? Int(words[$0 + 1]) : nil }
    }

    private static func measure(_ folder: URL, count: Int, queries: Int) async throws -> Figures {
        let base = try floats(folder, "base.f32")
        let asked = try floats(folder, "queries.f32")
        let truth = try Data(contentsOf: folder.appendingPathComponent("truth.u32")).withUnsafeBytes {
            Array($0.bindMemory(to: UInt32.self))
        }
        let clock = ContinuousClock()
        var index = FlatIndex(dimensions: dimensions)
        let built = clock.measure {
            for start in stride(from: 0, to: count, by: 4_096) {
                index.add(
                    (start..<min(start + 4_096, count)).map { row in
                        (ID(high: 0, low: UInt64(row)), Array(base[(row * dimensions)..<((row + 1) * dimensions)]))
                    })
            }
        }
        var times: [Double] = []
        var hits = 0
        for number in -10..<queries {
            let row = max(0, number)
            let query = Array(asked[(row * dimensions)..<((row + 1) * dimensions)])
            let start = clock.now
            let found = await index.search(query, limit: limit)
            let time = (clock.now - start) / .milliseconds(1)
            // The first ones warm the caches.
            guard number >= 0 else { continue }
            times.append(time)
            let wanted = Set(truth[(row * limit)..<((row + 1) * limit)].map(UInt64.init))
            hits += found.count { wanted.contains($0.id.low) }
        }
        times.sort()
        return Figures(
            median: times.median, p99: times[min(times.count - 1, times.count * 99 / 100)],
            recall: Double(hits) / Double(queries * limit), built: built / .seconds(1))
    }

    private static func floats(_ folder: URL, _ name: String) throws -> [Float] {
        try Data(contentsOf: folder.appendingPathComponent(name)).withUnsafeBytes {
            Array($0.bindMemory(to: Float.self))
        }
    }
}
