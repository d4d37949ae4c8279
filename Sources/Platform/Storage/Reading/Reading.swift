import Base

/// Where statements that read are sent: a transaction, or a channel on which each statement is its own transaction.
///
/// There is no way to read all rows: each verb has a bound.
public protocol Reading: Sendable {
    /// Sends a statement whose rows are bounded by `rowsMax`.
    func run(_ name: StaticString, _ sql: SQL, rowsMax: Int) async throws(StorageError) -> StatementResult
    /// What signs and checks cursors.
    var cursors: CursorSigner { get }
    /// On whose behalf statements run.
    var scope: Scope { get }
}

/// Bounds of reads.
public enum ReadBounds {
    /// Rows that one list may return.
    public static let listRows = 10_000
    /// Rows that one page may hold.
    public static let pageRows = 500
    /// Rows in one chunk of a stream.
    public static let chunkRows = 2_000
}

extension Reading {
    /// Reads exactly one row.
    ///
    /// - Throws: `storage.notOne` when there are none or more.
    public func one<Row: RowDecodable>(
        _ type: Row.Type = Row.self, _ name: StaticString, _ sql: SQL
    ) async throws(StorageError) -> Row {
        let result = try await run(name, sql, rowsMax: 2)
        guard result.rows.rowCount == 1 else {
            throw StorageError(
                .notOne, "\(name) was to give one row and gave \(result.rows.rowCount == 0 ? "none" : "more")")
        }
        return try Row(row: SQLRow(source: result.rows, index: 0))
    }

    /// Reads the first row of an ordered query, or `nil`.
    ///
    /// Adds `LIMIT 1`.
    public func first<Row: RowDecodable>(
        _ type: Row.Type = Row.self, _ name: StaticString, _ sql: SQL
    ) async throws(StorageError) -> Row? {
        try await list(type, name, sql, limit: 1).first
    }

    /// Whether a query gives any row at all.
    ///
    /// Adds `LIMIT 1`.
    public func exists(_ name: StaticString, _ sql: SQL) async throws(StorageError) -> Bool {
        try await run(name, sql.appending(" LIMIT 1"), rowsMax: 1).rows.rowCount > 0
    }

    /// Reads at most `limit` rows, 1 to ``ReadBounds/listRows``.
    ///
    /// Adds `LIMIT`.
    public func list<Row: RowDecodable>(
        _ type: Row.Type = Row.self, _ name: StaticString, _ sql: SQL, limit: Int
    ) async throws(StorageError) -> [Row] {
        precondition(
            (1...ReadBounds.listRows).contains(limit), "\(name) asks for \(limit) rows, of 1 to \(ReadBounds.listRows)")
        let result = try await run(name, sql.appending(" LIMIT \(limit)"), rowsMax: limit)
        return try result.decoded()
    }

    /// Reads the one row of a query that aggregates: counts, sums, extremes.
    ///
    /// Its cost grows with the rows it looks at, which is why it is a verb of its own: plan tests hold it to an index.
    public func aggregate<Row: RowDecodable>(
        _ type: Row.Type = Row.self, _ name: StaticString, _ sql: SQL
    ) async throws(StorageError) -> Row {
        try await one(type, name, sql)
    }

    /// Reads a page in key order: the rows behind `cursor`, or the first ones.
    ///
    /// - Parameters:
    ///   - type: What each row is read as.
    ///   - name: The statement's name, to which the cursor belongs.
    ///   - sql: A query that ends in a `WHERE` clause, without order or limit.
    ///   - order: The key, which must end in a unique column; its columns are among the selected ones.
    ///   - cursor: The position that an earlier page of the same name, tenant and order gave.
    ///   - limit: Rows in the page, 1 to ``ReadBounds/pageRows``.
    /// - Returns: The rows in order, and where the next page begins.
    /// - Throws: `storage.invalidCursor` for a cursor that is forged or of another list, order or tenant.
    public func page<Row: RowDecodable>(
        _ type: Row.Type = Row.self, _ name: StaticString, _ sql: SQL, order: PageOrder, after cursor: Cursor?,
        limit: Int
    ) async throws(StorageError) -> Page<Row> {
        try await page(type, name, order: order, after: cursor, limit: limit) { sql.appending($0) }
    }

    /// Reads a page out of several ranges, each read from the cursor on and cut before they are put together.
    ///
    /// - Parameters:
    ///   - type: What each row is read as.
    ///   - name: The statement's name, to which the cursor belongs.
    ///   - order: The key, which must end in a unique column; its columns are among the selected ones.
    ///   - cursor: The position that an earlier page of the same name, tenant and order gave.
    ///   - limit: Rows in the page, 1 to ``ReadBounds/pageRows``.
    ///   - query: Makes the query from the bounds, which stand behind the `WHERE` clause of each range and of the
    ///     whole: where the page begins, its order, and how many rows it takes.
    /// - Returns: The rows in order, and where the next page begins.
    /// - Throws: `storage.invalidCursor` for a cursor that is forged or of another list, order or tenant.
    public func page<Row: RowDecodable>(
        _ type: Row.Type = Row.self, _ name: StaticString, order: PageOrder, after cursor: Cursor?, limit: Int,
        query: (SQL) -> SQL
    ) async throws(StorageError) -> Page<Row> {
        precondition(
            (1...ReadBounds.pageRows).contains(limit), "\(name) asks for \(limit) rows, of 1 to \(ReadBounds.pageRows)")
        var bounds: SQL = ""
        if let cursor {
            let position = try cursors.position(of: cursor, list: name.description, order: order, scope: scope)
            bounds = order.predicate(after: position)
        }
        let query = query(bounds.appending(order.clause).appending(" LIMIT \(limit + 1)"))
        let result = try await run(name, query, rowsMax: limit + 1)
        let rows = result.rows
        var items: [Row] = []
        for index in 0..<min(limit, rows.rowCount) { items.append(try Row(row: SQLRow(source: rows, index: index))) }
        guard rows.rowCount > limit else { return Page(items: items, next: nil) }
        let last = try order.position(in: SQLRow(source: rows, index: limit - 1))
        return Page(items: items, next: cursors.cursor(at: last, list: name.description, order: order, scope: scope))
    }
}

extension StatementResult {
    /// All rows as values of a type.
    public func decoded<Row: RowDecodable>(_ type: Row.Type = Row.self) throws(StorageError) -> [Row] {
        var decoded: [Row] = []
        decoded.reserveCapacity(rows.rowCount)
        for index in 0..<rows.rowCount { decoded.append(try Row(row: SQLRow(source: rows, index: index))) }
        return decoded
    }
}

/// Where statements that write are sent.
public protocol Writing: Reading {}

extension Writing {
    /// Inserts, updates or deletes and returns how many rows.
    @discardableResult
    public func execute(_ name: StaticString, _ sql: SQL) async throws(StorageError) -> Int {
        try await run(name, sql, rowsMax: 0).affected
    }

    /// Inserts, updates or deletes and reads what `RETURNING` gives, at most `limit` rows.
    ///
    /// - Throws: `storage.tooLarge` when more come back; the statement is then undone.
    public func returning<Row: RowDecodable>(
        _ type: Row.Type = Row.self, _ name: StaticString, _ sql: SQL, limit: Int
    ) async throws(StorageError) -> [Row] {
        try await run(name, sql, rowsMax: limit).decoded()
    }

    /// Inserts, updates or deletes and reads what `RETURNING` gives where the statement's own text bounds that, as when
    /// it joins nothing but its input by a key: at most one row for each of `rows`.
    ///
    /// Nothing is counted before the commit, which saves a round trip on PostgreSQL. More rows than `rows` are an error of
    /// the text, and a trap.
    public func returningPerRow<Row: RowDecodable>(
        _ type: Row.Type = Row.self, _ name: StaticString, _ sql: SQL, rows: Int
    ) async throws(StorageError) -> [Row] {
        let result = try await run(name, sql, rowsMax: .max)
        precondition(
            result.rows.rowCount <= rows,
            "\(name) gave \(result.rows.rowCount) rows for \(rows): its text is not bounded")
        return try result.decoded()
    }
}

/// A page of a list.
public struct Page<Item: Sendable>: Sendable {
    /// The items, in order.
    public let items: [Item]
    /// Where the next page begins; `nil` on the last one.
    public let next: Cursor?

    /// Makes a page.
    public init(items: [Item], next: Cursor?) {
        self.items = items
        self.next = next
    }

    /// The same page with other items.
    public func map<Other: Sendable>(_ transform: (Item) throws -> Other) rethrows -> Page<Other> {
        Page<Other>(items: try items.map(transform), next: next)
    }
}
