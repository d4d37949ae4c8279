import Foundation
import Hosting
import Testing
import Web

@testable import capstan

/// The reference pages say what the code says.
@Suite struct ReferenceTests {
    private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func page(_ name: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent("Documentation/Reference/\(name)"), encoding: .utf8)
    }

    @Test func `every setting stands in its reference page as the program prints it`() throws {
        let settings = PlatformSettings.all + Products.all.flatMap { $0.plan.settings }
        let table = SettingsTable(settings).markdown
        #expect(
            try page("settings.md").hasSuffix(table + "\n"),
            "Documentation/Reference/settings.md is not up to date; its table should be:\n\(table)")
    }

    @Test func `every code of the platform stands in its reference page with its status`() throws {
        let lines = ["| Code | Status |", "|---|---|"] + StatusTable.listing.map { "| `\($0.code)` | \($0.status) |" }
        let table = lines.joined(separator: "\n")
        #expect(
            try page("problems.md").hasSuffix(table + "\n"),
            "Documentation/Reference/problems.md is not up to date; its table should be:\n\(table)")
    }
}
