import Foundation
import Telemetry
import Testing

@testable import Discovery

/// The reference pages say what the code says.
@Suite struct ReferencePageTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func page(_ name: String) throws -> String {
        try String(contentsOf: root.appending(path: "Documentation/Reference/\(name)"), encoding: .utf8)
    }

    @Test func `every event stands in its reference page as it is declared`() throws {
        let rows = try page("discovery-events.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
        let wanted = Event.discovery.map { event in
            let fields = event.fields.map { "`\($0)`" }.joined(separator: " ")
            let metric = event.feed.map { "`\($0.metric)`" } ?? ""
            return "| `\(event.name)` | \(event.level) | \(event.summary) | \(fields) | \(metric) |"
        }
        #expect(
            rows.map(String.init) == wanted,
            "discovery-events.md is not up to date; its table should be:\n\(wanted.joined(separator: "\n"))")
    }

    @Test func `every refusal stands among the problems`() throws {
        let problems = try page("problems.md")
        for code in DiscoveryError.Code.allCases {
            #expect(problems.contains("| `\(code.rawValue)` |"), "\(code.rawValue)")
        }
    }

    @Test func `every finding of the audit names tests that exist`() throws {
        let findings = try page("discovery-findings.md")
        for number in 1...31 { #expect(findings.contains("| G\(number) |"), "G\(number)") }
        for number in 1...8 { #expect(findings.contains("| K-G\(number) |"), "K-G\(number)") }
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
        #expect(quoted.count >= 20)
        for name in quoted { #expect(tests.contains("`\(name)`"), "no test is called “\(name)”") }
    }
}
