public import Foundation

/// A report in SARIF 2.1.0, which code hosts and editors show beside the lines.
public struct SARIFReport {
    private let report: Report

    /// Takes a report.
    public init(_ report: Report) { self.report = report }

    /// The document.
    public func data() throws(AuditError) -> Data {
        let rules = Dictionary(grouping: report.findings, by: \.rule).sorted { $0.key < $1.key }
        let order = Dictionary(uniqueKeysWithValues: rules.enumerated().map { ($0.element.key, $0.offset) })
        let log = Log(
            runs: [
                Run(
                    tool: Tool(driver: Driver(rules: rules.map { Self.rule($0.key, $0.value[0]) })),
                    results: report.findings.map { Self.result($0, order[$0.rule] ?? 0) })
            ])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return try encoder.encode(log)
        } catch {
            throw AuditError(.contradiction, "the report holds a number that JSON cannot say", underlying: error)
        }
    }

    private static func rule(_ name: String, _ finding: Finding) -> Descriptor {
        Descriptor(
            id: name, shortDescription: Message(text: finding.title), help: Message(text: finding.fix.summary),
            defaultConfiguration: Level(level: level(finding.severity)))
    }

    private static func result(_ finding: Finding, _ index: Int) -> Result {
        let text =
            "\(finding.observation.summary). \(MarkdownReport.scale(finding.projection)) \(finding.fix.summary)"
        let region = finding.location.line.map {
            Region(startLine: max(1, $0), snippet: finding.observation.excerpt.map(Message.init))
        }
        let place = finding.location.file.map { file in
            Place(physicalLocation: Physical(artifactLocation: Artifact(uri: uri(file)), region: region))
        }
        return Result(
            ruleId: finding.rule, ruleIndex: index, level: level(finding.severity), message: Message(text: text),
            locations: [place].compactMap { $0 }, partialFingerprints: ["capstanFinding/v1": finding.id],
            suppressions: finding.suppression.map { [Suppressed(kind: "external", justification: $0.reason)] })
    }

    /// SARIF knows three levels; the finding's own severity stands in the message of its rule.
    private static func level(_ severity: Severity) -> String {
        switch severity {
        case .critical, .high: "error"
        case .medium: "warning"
        case .low: "note"
        }
    }

    private static func uri(_ file: String) -> String {
        file.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? file
    }
}

// MARK: The format

extension SARIFReport {
    private struct Log: Encodable {
        var version = "2.1.0"
        var schema = "https://json.schemastore.org/sarif-2.1.0.json"
        var runs: [Run]

        enum CodingKeys: String, CodingKey {
            case version, runs
            case schema = "$schema"
        }
    }

    private struct Run: Encodable {
        var tool: Tool
        var results: [Result]
        var columnKind = "utf16CodeUnits"
    }

    private struct Tool: Encodable { var driver: Driver }

    private struct Driver: Encodable {
        var name = "capstan audit"
        var rules: [Descriptor]
    }

    private struct Descriptor: Encodable {
        var id: String
        var shortDescription: Message
        var help: Message
        var defaultConfiguration: Level
    }

    private struct Level: Encodable { var level: String }

    private struct Message: Encodable { var text: String }

    private struct Result: Encodable {
        var ruleId: String
        var ruleIndex: Int
        var level: String
        var message: Message
        var locations: [Place]
        var partialFingerprints: [String: String]
        var suppressions: [Suppressed]?
    }

    private struct Suppressed: Encodable {
        var kind: String
        var justification: String
    }

    private struct Place: Encodable { var physicalLocation: Physical }

    private struct Physical: Encodable {
        var artifactLocation: Artifact
        var region: Region?
    }

    private struct Artifact: Encodable { var uri: String }

    private struct Region: Encodable {
        var startLine: Int
        var snippet: Message?
    }
}
