import Foundation

/// One measurement beside its peers.
protocol Benchmark {
    /// The name, as `Scripts/bench` takes it.
    static var name: String { get }
    /// Measures, prints a table, and returns the figures of the last line.
    static func run() async throws -> [(String, String)]
}

/// Runs the benchmark that the argument names and ends with `NAME ratio=<number> ...`.
@main
struct Bench {
    static var all: [any Benchmark.Type] {
        [
            VotesBenchmark.self, LeaderboardBenchmark.self, ExportBenchmark.self, DriverBenchmark.self,
            TournamentBenchmark.self, RedisBenchmark.self, CacheBenchmark.self, JobsBenchmark.self,
            ListAddBenchmark.self, BoardBenchmark.self, DiscoveryBenchmark.self, RealtimeBenchmark.self,
            RetrievalBenchmark.self, SocketsBenchmark.self,
        ]
    }

    static func main() async throws {
        guard let name = CommandLine.arguments.dropFirst().first, let benchmark = all.first(where: { $0.name == name })
        else {
            print("usage: bench NAME, where NAME is one of \(all.map { $0.name }.joined(separator: ", "))")
            exit(2)
        }
        let figures: [(String, String)]
        do {
            figures = try await benchmark.run()
        } catch {
            print("error: \(error)")
            exit(1)
        }
        print("\(name) " + figures.map { "\($0.0)=\($0.1)" }.joined(separator: " "))
    }
}

/// A measurement that cannot be made, with the reason and what to do.
struct Impossible: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension CommandLine {
    /// The number after an option, or `fallback` where the option is not given.
    static func number(_ option: String, or fallback: Int) throws -> Int {
        guard let place = arguments.firstIndex(of: option) else { return fallback }
        guard place + 1 < arguments.count, let number = Int(arguments[place + 1]), number > 0 else {
            throw Impossible("\(option) takes a number")
        }
        return number
    }
}
