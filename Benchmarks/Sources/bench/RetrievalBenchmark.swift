import Base
import Foundation
import Retrieval

/// The ten nearest of a tenant's passages on one core, beside numpy, faiss (flat and HNSW), usearch and sqlite-vec: by the
/// service over PostgreSQL with fifty tenants, and by the index alone.
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
        let count = try CommandLine.number("--count", or: 100_000)
        let queries = try CommandLine.number("--queries", or: 1_000)
        try Command.run(python, [script, "make", folder.path, "\(count)", "\(dimensions)", "\(queries)"])
        let house = try await measureHouse(folder, count: count, queries: queries)
        let ours = try await measure(folder, count: count, queries: queries)
        var table = Table(
            "\(count) vectors of \(dimensions)", "median ms", "p99 ms", "recall@\(limit)", "built in s")
        func row(_ name: String, _ figures: Figures) {
            table.row(
                name, figures.median.shown(2), figures.p99.shown(2), figures.recall.shown(4), figures.built.shown(1))
        }
        row("the service, one of \(RetrievalHouse.others + 1) tenants", house.all)
        row("the service, when half is deleted (in s)", house.left)
        row("its index alone, in memory", ours.all)
        row("its index, when half is deleted (in s)", ours.left)
        var against: [(String, String)] = []
        var best = Double.infinity
        for (peer, title) in peers {
            let words = try Command.run(python, [script, peer, folder.path]).split(separator: "\n").last?
                .split(separator: " ").compactMap { Double($0) }
            guard let words, words.count == 4 else { throw Impossible("\(peer) printed no figures") }
            let theirs = Figures(median: words[0], p99: words[1], recall: words[2], built: words[3])
            row(title, theirs)
            // Each asks one question after another: questions a second are as the times are.
            against.append(("qps_over_\(peer)", (theirs.median / house.all.median).shown()))
            if theirs.recall >= 0.99, peer != "faiss_hnsw", peer != "usearch" { best = min(best, theirs.p99) }
        }
        table.show()
        try FileManager.default.removeItem(at: folder)
        return [
            ("ratio", (best / house.all.p99).shown()), ("p99_ms", house.all.p99.shown(2)),
            ("recall", house.all.recall.shown(4)), ("recall_when_half_is_deleted", house.left.recall.shown(4)),
            ("filled_s", house.all.built.shown(0)), ("index_ratio", (best / ours.all.p99).shown()),
            ("index_p99_ms", ours.all.p99.shown(2)),
            ("index_recall", ours.all.recall.shown(4)),
        ] + against
    }

    /// The service: each question asked twice, the second time is measured, when its vector is known as questions' are that
    /// are asked again.
    private static func measureHouse(
        _ folder: URL, count: Int, queries: Int
    ) async throws -> (all: Figures, left: Figures) {
        let house = try await RetrievalHouse(
            count: count, dimensions: dimensions, passages: try numbers(folder, "base.f32"),
            questions: try numbers(folder, "queries.f32"))
        let clock = ContinuousClock()
        let filling = clock.now
        try await house.fill()
        let built = clock.now - filling
        // All tenants' vectors are in memory, as they are where all are asked.
        for tenant in 0...RetrievalHouse.others { _ = try await house.search(0, limit: limit, for: tenant) }
        func figures(_ truthName: String, _ built: Duration) async throws -> Figures {
            let truth: [UInt32] = try numbers(folder, truthName)
            var times: [Double] = []
            var hits = 0
            for number in 0..<queries { _ = try await house.search(number, limit: limit) }
            for number in 0..<queries {
                let start = clock.now
                let found = try await house.search(number, limit: limit)
                times.append((clock.now - start) / .milliseconds(1))
                hits += found.intersection(truth[(number * limit)..<((number + 1) * limit)]).count
            }
            times.sort()
            return Figures(
                median: times.median, p99: times[min(queries - 1, queries * 99 / 100)],
                recall: Double(hits) / Double(queries * limit), built: built / .seconds(1))
        }
        let all = try await figures("truth.u32", built)
        let removing = clock.now
        try await house.removeHalf()
        let left = try await figures("truth_odd.u32", clock.now - removing)
        await house.close()
        return (all, left)
    }

    private static func measure(_ folder: URL, count: Int, queries: Int) async throws -> (all: Figures, left: Figures) {
        let base: [Float] = try numbers(folder, "base.f32")
        let asked: [Float] = try numbers(folder, "queries.f32")
        var index = FlatIndex(dimensions: dimensions)
        func vector(_ row: Int, of numbers: [Float]) -> [Float] {
            Array(numbers[(row * dimensions)..<((row + 1) * dimensions)])
        }
        func search(_ truthName: String) async throws -> (times: [Double], recall: Double) {
            let truth: [UInt32] = try numbers(folder, truthName)
            var times: [Double] = []
            var hits = 0
            for number in -10..<queries {
                let row = max(0, number)
                let query = vector(row, of: asked)
                let start = ContinuousClock.now
                let found = await index.search(query, limit: limit)
                let time = (ContinuousClock.now - start) / .milliseconds(1)
                guard found.count == limit else { throw Impossible("\(found.count) passages where there are \(limit)") }
                // The first ones warm the caches.
                guard number >= 0 else { continue }
                times.append(time)
                let wanted = Set(truth[(row * limit)..<((row + 1) * limit)].map(UInt64.init))
                hits += found.count { wanted.contains($0.id.low) }
            }
            return (times.sorted(), Double(hits) / Double(queries * limit))
        }
        func figures(_ result: (times: [Double], recall: Double), built: Duration) -> Figures {
            Figures(
                median: result.times.median, p99: result.times[min(queries - 1, queries * 99 / 100)],
                recall: result.recall, built: built / .seconds(1))
        }
        let clock = ContinuousClock()
        let built = clock.measure {
            for start in stride(from: 0, to: count, by: 4_096) {
                index.add(
                    (start..<min(start + 4_096, count)).map { (ID(high: 0, low: UInt64($0)), vector($0, of: base)) })
            }
        }
        let all = figures(try await search("truth.u32"), built: built)
        let removed = clock.measure {
            // As many at once as a long document has.
            for start in stride(from: 0, to: count, by: 2_000) {
                index.remove(
                    stride(from: start, to: min(start + 2_000, count), by: 2).map { ID(high: 0, low: UInt64($0)) })
            }
        }
        return (all, figures(try await search("truth_odd.u32"), built: removed))
    }

    private static func numbers<Number>(_ folder: URL, _ name: String) throws -> [Number] {
        try Data(contentsOf: folder.appendingPathComponent(name)).withUnsafeBytes {
            Array($0.bindMemory(to: Number.self))
        }
    }
}
