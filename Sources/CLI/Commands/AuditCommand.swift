import ArgumentParser
import Auditor
import Base
import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Finds what will break, when, and says how that is known.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Audit a folder of source, a PostgreSQL database or a running Capstan; only reads.",
        discussion: """
            Ends with 0, with 1 when a finding is at least as urgent as --fail-on says (with --baseline: a new one), and with 2
            when the command was used wrongly. A running Capstan is asked as an operator, whose EMAIL:PASSWORD stands in the
            environment as CAPSTAN_AUDIT_LOGIN. What is kept stands in capstan-audit.json of the folder.
            """)

    /// How a report is written.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case markdown, json, html, sarif
    }

    @Argument(help: "A folder, postgres://USER:PASSWORD@HOST:PORT/NAME, or http://HOST:PORT of a running Capstan.")
    var target: String

    @Option(help: "A database that belongs to the folder, as postgres://…; its role only needs to read.")
    var database: String?

    @Option(help: "markdown, json, html or sarif.")
    var format = Format.markdown

    @Option(help: "For how many users capacity and costs are worked out.")
    var users = 10_000.0

    @Option(help: "An earlier report in JSON: only what is new counts for --fail-on.")
    var baseline: String?

    @Option(help: "Ends with 1 when a finding is at least so urgent: low, medium, high, critical.")
    var failOn: String?

    @Option(help: "A table of unit prices in JSON.")
    var prices: String?

    @Option(help: "Only this rule; may be given several times.")
    var only: [String] = []

    @Flag(help: "Check the database's functions with plpgsql_check; takes their statements' locks for a moment.")
    var functions = false

    @Flag(help: "Write the rules as a project of ast-grep into the folder TARGET, and end.")
    var writeRules = false

    @Option(help: "The file to write instead of the terminal.")
    var output: String?

    func validate() throws {
        guard users >= 1 else { throw ValidationError("--users is \(users): at least 1 is needed") }
        guard failOn.map({ Severity(rawValue: $0) != nil }) ?? true else {
            throw ValidationError("--fail-on takes low, medium, high or critical")
        }
        guard database.map({ $0.hasPrefix("postgres://") || $0.hasPrefix("postgresql://") }) ?? true else {
            throw ValidationError("--database takes postgres://USER:PASSWORD@HOST:PORT/NAME")
        }
    }

    func run() async throws {
        guard !writeRules else { return try Audit.writeRules(to: URL(filePath: target)) }
        let report: Report
        do {
            report = try await audited()
        } catch let error as AuditError where [.target, .rules, .prices, .baseline, .suppressions].contains(error.code)
        {
            throw Failure.usedWrongly(error.message)
        }
        try write(try text(of: report))
        guard let failOn, report.exitStatus(failingOn: Severity(rawValue: failOn)) != 0 else { return }
        throw Failure.failed("findings are at least \(failOn): the report names them")
    }

    /// Where ast-grep is said to be: seen from here, whatever folder it is run in; a bare name is looked for on the PATH.
    private var astGrep: String? {
        guard let said = ProcessInfo.processInfo.environment["CAPSTAN_AST_GREP"] else { return nil }
        return said.contains("/") ? URL(filePath: said).standardizedFileURL.path : said
    }

    private func audited() async throws -> Report {
        var options = AuditOptions(
            users: users, database: database.map { Secret($0) }, only: only.isEmpty ? nil : Set(only),
            baseline: try baseline.map { try Baseline.read(URL(filePath: $0)) }, suppressions: nil,
            prices: try prices.map { try Prices.read(URL(filePath: $0)) } ?? .none,
            astGrep: astGrep, checksFunctions: functions)
        options.ask = try asking()
        let audit = try Audit(target: target, options: options, clock: SystemClock())
        let isWatched = isatty(STDERR_FILENO) == 1
        let report = try await audit.run { step in if isWatched { Self.tell(step) } }
        if isWatched { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
        return report
    }

    private func text(of report: Report) throws -> Data {
        switch format {
        case .markdown: Data(MarkdownReport(report).text().utf8)
        case .json: try report.json() + Data("\n".utf8)
        case .html: Data(HTMLReport(report).text().utf8)
        case .sarif: try SARIFReport(report).data() + Data("\n".utf8)
        }
    }

    private func write(_ data: Data) throws {
        guard let output else { return FileHandle.standardOutput.write(data) }
        do {
            try data.write(to: URL(filePath: output), options: .atomic)
        } catch {
            throw Failure.failed("the report could not be written to \(output): \(error.localizedDescription)")
        }
    }

    /// One line that the next one overwrites.
    private static func tell(_ step: String) {
        FileHandle.standardError.write(Data("\r\u{1B}[K\(step) …".utf8))
    }
}
