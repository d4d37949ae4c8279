import Foundation

/// What wrk measured.
struct Load {
    /// Answers per second.
    var perSecond: Double
    /// Answers in all.
    var answers: Int
    /// Answers that were neither 2xx nor 3xx.
    var refused: Int
    /// Latency at the median and the 99th percentile, in milliseconds.
    var p50: Double
    var p99: Double
}

/// Load over HTTP by wrk.
enum Wrk {
    /// Runs wrk for some seconds.
    static func run(
        _ url: String, seconds: Int, connections: Int, threads: Int = 1, script: String? = nil
    ) throws -> Load {
        var arguments = ["-t\(threads)", "-c\(connections)", "-d\(seconds)s", "--latency", "--timeout", "10s"]
        if let script {
            let file = try Command.temporaryFolder().appendingPathComponent("load.lua")
            try script.write(to: file, atomically: true, encoding: .utf8)
            arguments += ["-s", file.path]
        }
        let text = try Command.run("wrk", arguments + [url])
        func number(after marker: String) -> String? {
            text.split(separator: "\n").first { $0.contains(marker) }.map(String.init)
        }
        let total = number(after: "requests in").flatMap { $0.split(separator: " ").first.flatMap { Int($0) } } ?? 0
        let refused = number(after: "Non-2xx").flatMap { $0.split(separator: " ").last.flatMap { Int($0) } } ?? 0
        let perSecond =
            number(after: "Requests/sec").flatMap { $0.split(separator: " ").last.flatMap { Double($0) } } ?? 0
        return Load(
            perSecond: perSecond, answers: total, refused: refused, p50: latency("50%", text),
            p99: latency("99%", text))
    }

    private static func latency(_ quantile: String, _ text: String) -> Double {
        guard let line = text.split(separator: "\n").first(where: { $0.contains(" \(quantile) ") }),
            let value = line.split(separator: " ").last
        else { return 0 }
        if value.hasSuffix("us") { return (Double(value.dropLast(2)) ?? 0) / 1_000 }
        if value.hasSuffix("ms") { return Double(value.dropLast(2)) ?? 0 }
        return (Double(value.dropLast()) ?? 0) * 1_000
    }
}

/// A table in Markdown.
struct Table {
    private var lines: [String]

    init(_ columns: String...) {
        lines = ["| " + columns.joined(separator: " | ") + " |", "|" + columns.map { _ in "---|" }.joined()]
    }

    mutating func row(_ cells: String...) { lines.append("| " + cells.joined(separator: " | ") + " |") }

    /// Prints the table, at once also where a pipe would keep it.
    func show() {
        print(lines.joined(separator: "\n") + "\n")
        fflush(nil)
    }
}

extension [Double] {
    /// The middle of the sorted values.
    var median: Double {
        let sorted = sorted()
        return isEmpty ? 0 : count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2
    }
}

extension Double {
    /// The number with a fixed count of decimals.
    func shown(_ decimals: Int = 2) -> String { String(format: "%.\(decimals)f", self) }
}
