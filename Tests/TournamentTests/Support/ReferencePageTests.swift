import Foundation
import Telemetry
import Testing

@testable import Tournament

/// The reference pages say what the code says.
@Suite struct ReferencePageTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func page(_ name: String) throws -> String {
        try String(contentsOf: root.appending(path: "Documentation/Reference/\(name)"), encoding: .utf8)
    }

    @Test func `every event stands in its reference page as it is declared`() throws {
        let rows = try page("tournament-events.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
        let wanted = Event.tournament.map { event in
            let fields = event.fields.map { "`\($0)`" }.joined(separator: " ")
            let metric = event.feed.map { "`\($0.metric)`" } ?? ""
            return "| `\(event.name)` | \(event.level) | \(event.summary) | \(fields) | \(metric) |"
        }
        #expect(
            rows.map(String.init) == wanted,
            "tournament-events.md is not up to date; its table should be:\n\(wanted.joined(separator: "\n"))")
    }

    @Test func `every refusal stands among the problems`() throws {
        let problems = try page("problems.md")
        for code in TournamentError.Code.allCases {
            #expect(problems.contains("| `\(code.rawValue)` |"), "\(code.rawValue)")
        }
    }

    @Test func `every finding of the audit names tests that exist`() throws {
        let findings = try page("tournament-findings.md")
        for number in 1...23 { #expect(findings.contains("| M\(number) |"), "M\(number)") }
        for number in 1...13 { #expect(findings.contains("| K-M\(number) |"), "K-M\(number)") }
        var tests = ""
        for folder in ["Tests", "Benchmarks"] {
            let files = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
            while let name = files?.nextObject() as? String {
                guard name.hasSuffix(".swift"), !name.contains(".build/") else { continue }
                tests += try String(contentsOf: root.appending(path: folder).appending(path: name), encoding: .utf8)
            }
        }
        let quoted = findings.split(separator: "\n").filter { $0.hasPrefix("| ") }
            .flatMap { $0.matches(of: /“([^”]+)”/).map { String($0.1) } }
        #expect(quoted.count >= 30)
        for name in quoted { #expect(tests.contains("`\(name)`"), "no test is called “\(name)”") }
    }
}
