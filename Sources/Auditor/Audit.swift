public import Base
public import Foundation

/// Makes reports: what will break, when, and how that is known.
///
/// ```swift
/// let audit = try Audit(target: "/srv/app", options: AuditOptions(users: 10_000), clock: SystemClock())
/// let report = try await audit.run { step in … }
/// ```
///
/// Only reads. A folder's files are not changed and none of its code is run; a database hears no statement that writes.
public struct Audit: Sendable {
    private let options: AuditOptions
    private let folder: URL?
    private let server: String?
    private let database: Secret<String>?
    private let clock: any WallClock

    /// Takes a target: a folder, `postgres://…`, or the address of a running Capstan.
    ///
    /// - Throws: `auditor.target` when it is neither, or there is no such folder.
    public init(target: String, options: AuditOptions, clock: any WallClock) throws(AuditError) {
        self.options = options
        self.clock = clock
        if target.hasPrefix("postgres://") || target.hasPrefix("postgresql://") {
            folder = nil
            server = nil
            database = Secret(target)
        } else if target.hasPrefix("http://") || target.hasPrefix("https://") {
            guard options.ask != nil else {
                throw AuditError(.target, "a running server is asked as an operator, and nobody was named")
            }
            folder = nil
            server = target
            database = options.database
        } else {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: target, isDirectory: &isFolder), isFolder.boolValue else {
                throw AuditError(
                    .target,
                    "the target is neither a folder nor an address: give a path, postgres://USER@HOST:PORT/NAME, or http://HOST:PORT"
                )
            }
            folder = URL(filePath: target)
            server = nil
            database = options.database
        }
    }

    /// Writes the rules as a project of ast-grep, for editors and for measuring beside it.
    ///
    /// - Throws: `auditor.rules` when the folder cannot be written.
    public static func writeRules(to folder: URL) throws(AuditError) {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try RuleBook.shipped().write(to: folder, only: nil)
        } catch let error as AuditError {
            throw error
        } catch {
            throw AuditError(.rules, "the rules could not be written to \(folder.path)", underlying: error)
        }
    }

    /// Looks, and puts together what was seen.
    ///
    /// - Parameter progress: Is told what is being done, for whoever waits.
    /// - Returns: A report whose sections agree.
    /// - Throws: ``AuditError``; `auditor.contradiction` when the report's sections disagree, which is a fault of ours.
    public func run(progress: @escaping @Sendable (String) -> Void = { _ in }) async throws -> Report {
        let book = try RuleBook.shipped()
        if let unknown = options.only?.first(where: { book.rules[$0] == nil }) {
            throw AuditError(.rules, "there is no rule `\(unknown)`: see Documentation/Reference/audit-rules.md")
        }
        var builder = ReportBuilder(users: options.users, prices: options.prices, day: day)
        var source: SourcePass.Result?
        if let folder {
            let tree = SourceTree(folder)
            let working = try Self.makeFolder(clock)
            // A temporary folder that stays is swept by the system.
            defer { try? FileManager.default.removeItem(at: working) }
            let pass = SourcePass(
                book: book, program: AstGrep(path: options.astGrep, clock: clock), only: options.only)
            let result = try await pass.run(tree, working: working, progress: progress)
            builder.add(result, isCut: tree.isCut)
            source = result
        }
        if let ask = options.ask, server != nil {
            progress("asking the server")
            let records = try await RunningRecords.read(ask)
            builder.add(RunningJudge(records: records, book: book, only: options.only).judge())
        }
        if let database {
            let pass = DatabasePass(
                address: database, book: book, only: options.only, clock: clock,
                checksFunctions: options.checksFunctions)
            let result = try await pass.run(progress: progress)
            builder.add(result)
            if let source { builder.join(source, with: result) }
        } else {
            builder.notJudged(
                NotJudged(
                    rule: "database", reason: "no database was given: nothing says how many rows, how often, how long",
                    remedy: "capstan audit TARGET --database postgres://READER@HOST:PORT/NAME"))
        }
        progress("writing the report")
        let report = builder.report(
            target: folder.map { $0.lastPathComponent } ?? server ?? "PostgreSQL", baseline: options.baseline,
            suppressions: try suppressions())
        let contradictions = report.contradictions
        guard contradictions.isEmpty else {
            throw AuditError(.contradiction, "the report contradicts itself: \(contradictions.joined(separator: "; "))")
        }
        return report
    }

    private var day: String { CalendarDay(of: clock.now(), in: TimeZone(secondsFromGMT: 0) ?? .current).description }

    private func suppressions() throws(AuditError) -> Suppressions {
        if let given = options.suppressions { return given }
        guard let file = folder?.appending(path: Suppressions.fileName),
            FileManager.default.fileExists(atPath: file.path)
        else { return Suppressions(suppressed: []) }
        return try Suppressions.read(file)
    }

    private static func makeFolder(_ clock: any WallClock) throws(AuditError) -> URL {
        let name = "capstan-audit-\(ProcessInfo.processInfo.processIdentifier)-\(clock.uptime().components.attoseconds)"
        let folder = FileManager.default.temporaryDirectory.appending(path: name)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw AuditError(.program, "no folder could be made for what is written on the way", underlying: error)
        }
        return folder
    }
}

/// What an audit is told beside its target.
public struct AuditOptions: Sendable {
    /// For how many users capacity, timeline and costs are worked out.
    ///
    /// Defaults to 10,000; at least 1.
    public var users: Double
    /// A database that belongs to the folder.
    public var database: Secret<String>?
    /// Rules that are looked for; all when there is none.
    public var only: Set<String>?
    /// What an earlier report found.
    public var baseline: Baseline?
    /// What is kept; without it the folder's own file is read.
    public var suppressions: Suppressions?
    /// Unit prices.
    ///
    /// Defaults to none: then nothing has a cost.
    public var prices: Prices
    /// Whether functions of the database are checked too, which takes for a moment the locks that their statements would.
    ///
    /// Defaults to false.
    public var checksFunctions = false
    /// How a running server is asked: a path to the answer's bytes, as an operator.
    ///
    /// Defaults to none: then no server can be a target.
    public var ask: (@Sendable (_ path: String) async throws -> Data)?
    /// Where ast-grep is.
    ///
    /// Defaults to the folders of `PATH`.
    public var astGrep: String?

    /// Makes options.
    public init(
        users: Double = 10_000, database: Secret<String>? = nil, only: Set<String>? = nil, baseline: Baseline? = nil,
        suppressions: Suppressions? = nil, prices: Prices = .none, astGrep: String? = nil,
        checksFunctions: Bool = false
    ) {
        precondition(users >= 1, "an audit for \(users) users: at least 1 is needed")
        self.users = users
        self.database = database
        self.only = only
        self.baseline = baseline
        self.suppressions = suppressions
        self.prices = prices
        self.astGrep = astGrep
        self.checksFunctions = checksFunctions
    }
}
