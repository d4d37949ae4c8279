import Foundation
import Telemetry
import Testing

@testable import Inbox

/// The reference pages say what the code says.
@Suite struct ReferencePageTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func page(_ name: String) throws -> String {
        try String(contentsOf: root.appending(path: "Documentation/Reference/\(name)"), encoding: .utf8)
    }

    @Test func `every event stands in its reference page as it is declared`() throws {
        let rows = try page("inbox-events.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
        let wanted = Event.inbox.map { event in
            let fields = event.fields.map { "`\($0)`" }.joined(separator: " ")
            let metric = event.feed.map { "`\($0.metric)`" } ?? ""
            return "| `\(event.name)` | \(event.level) | \(event.summary) | \(fields) | \(metric) |"
        }
        #expect(
            rows.map(String.init) == wanted,
            "inbox-events.md is not up to date; its table should be:\n\(wanted.joined(separator: "\n"))")
    }

    @Test func `every refusal stands among the problems`() throws {
        let problems = try page("problems.md")
        for code in InboxError.Code.allCases {
            #expect(problems.contains("| `\(code.rawValue)` |"), "\(code.rawValue)")
        }
    }
}
