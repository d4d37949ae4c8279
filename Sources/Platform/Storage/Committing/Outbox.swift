public import Base

/// Rows that a module writes at the end of other people's transactions: jobs, messages, audit entries.
///
/// A transaction collects them in memory (``WriteTransaction/add(_:to:)``) and writes all of them right before its commit.
/// On PostgreSQL they leave as one statement, whatever outboxes they belong to; on SQLite, which knows no statements
/// within statements and has no round trips to save, each step is a statement of its own.
public protocol Outbox: Sendable {
    /// What is collected.
    associatedtype Row: Sendable

    /// The outbox's name, unique among all, as in `jobs`: outboxes are written in the order of their names.
    static var name: String { get }

    /// Rows in one statement, 1 to ``SQLRows/Bounds/rows``; more rows are written by further statements.
    static var rowsPerStatement: Int { get }

    /// Rows that one transaction may add.
    static var rowsMax: Int { get }

    /// All rows of a transaction as they are to be written: checked against each other.
    ///
    /// - Throws: What is wrong with them; the transaction is then undone.
    static func prepared(_ rows: [Row]) throws(StorageError) -> [Row]

    /// What writes the rows, in order; where a later step depends on an earlier one's result, see ``OutboxStep``.
    ///
    /// - Parameters:
    ///   - rows: At most ``rowsPerStatement``, in the order in which they were added.
    ///   - context: In which transaction.
    static func steps(for rows: [Row], in context: OutboxContext) -> [OutboxStep]

    /// What observers of the commit are told about the rows (``CommitEffect/wrote(outbox:hints:)``), at most 64 hints;
    /// none when there would be more.
    static func hints(for rows: [Row]) -> [String]
}

extension Outbox {
    /// The rows as they were added.
    public static func prepared(_ rows: [Row]) throws(StorageError) -> [Row] { rows }
}

/// The transaction in which an outbox is written.
public struct OutboxContext: Sendable {
    /// On whose behalf.
    ///
    /// Statements on tenant tables bind the tenant of a `.tenant` scope.
    public let scope: Scope
    /// For which engine.
    public let dialect: Dialect
    /// When.
    public let now: Timestamp
}

/// One `INSERT`, `UPDATE` or `DELETE` of an outbox.
///
/// On PostgreSQL all steps are parts of one statement and see the data as it was before it: a later step learns of an
/// earlier one's rows by reading from its ``alias``, which holds what its `RETURNING` gave. On SQLite a later step sees the
/// tables as the earlier ones left them.
public struct OutboxStep: Sendable {
    /// What the step is called in the combined statement, and when it is sent by itself.
    public let alias: StaticString
    /// The statement.
    public let sql: SQL

    /// Names a statement.
    public init(_ alias: StaticString, _ sql: SQL) {
        self.alias = alias
        self.sql = sql
    }
}

/// What a transaction has collected for one outbox.
protocol CollectedRows: Sendable {
    /// The statements' steps, one array for each statement.
    func statements(in context: OutboxContext) throws(StorageError) -> [[OutboxStep]]
    var effect: CommitEffect { get }
}

struct Collected<Box: Outbox>: CollectedRows {
    var rows: [Box.Row] = []

    func statements(in context: OutboxContext) throws(StorageError) -> [[OutboxStep]] {
        let rows = try Box.prepared(rows)
        return stride(from: 0, to: rows.count, by: Box.rowsPerStatement).map { start in
            Box.steps(for: Array(rows[start..<min(start + Box.rowsPerStatement, rows.count)]), in: context)
        }
    }

    var effect: CommitEffect { .wrote(outbox: Box.name, hints: Box.hints(for: rows)) }
}

extension WriteTransaction {
    /// Has rows written right before the commit, together with those of all other outboxes.
    ///
    /// Sends nothing by itself: whatever a transaction adds costs it one statement on PostgreSQL (one more for each
    /// ``Outbox/rowsPerStatement`` rows).
    ///
    /// - Throws: `storage.tooLarge` when the transaction would hold more than ``Outbox/rowsMax`` rows of the outbox,
    ///   `storage.transactionEnded` when its closure has returned.
    public func add<Box: Outbox>(_ rows: [Box.Row], to box: Box.Type) throws(StorageError) {
        guard !rows.isEmpty else { return }
        try state.check()
        let isWithin = state.withBoxes { boxes in
            var collected = boxes[Box.name] as? Collected<Box> ?? Collected<Box>()
            guard collected.rows.count + rows.count <= Box.rowsMax else { return false }
            collected.rows += rows
            boxes[Box.name] = collected
            return true
        }
        guard isWithin else {
            throw StorageError(
                .tooLarge, "a transaction adds more than \(Box.rowsMax) rows to \(Box.name): use several transactions")
        }
    }

    /// The time, as the storage knows it.
    public var now: Timestamp { storage.now }

    /// A new id, made of the storage's time and chance.
    public func makeID<Entity>(_ type: Entity.Type = Entity.self) -> ID<Entity> { storage.makeID() }

    /// Writes everything that was added; called once, when the closure has returned.
    func writeOutboxes() async throws(StorageError) {
        let boxes = state.withBoxes { boxes in
            defer { boxes = [:] }
            return boxes.sorted { $0.key < $1.key }.map(\.value)
        }
        guard !boxes.isEmpty else { return }
        let context = OutboxContext(scope: scope, dialect: storage.dialect, now: storage.now)
        var waiting: [[[OutboxStep]]] = []
        for box in boxes { waiting.append(try box.statements(in: context)) }
        while waiting.contains(where: { !$0.isEmpty }) {
            var steps: [OutboxStep] = []
            for index in waiting.indices where !waiting[index].isEmpty { steps += waiting[index].removeFirst() }
            try await write(steps)
        }
        for box in boxes { state.add(box.effect) }
    }

    private func write(_ steps: [OutboxStep]) async throws(StorageError) {
        guard storage.dialect == .postgres, steps.count > 1, let last = steps.last else {
            for step in steps { try await execute(step.alias, step.sql) }
            return
        }
        var combined: SQL = "WITH "
        for (index, step) in steps.dropLast().enumerated() {
            if index > 0 { combined = combined.appending(", ") }
            combined = combined.appending("\(raw: step.alias) AS (\(sql: step.sql))")
        }
        try await execute("commit.outboxes", combined.appending(" \(sql: last.sql)"))
    }
}
