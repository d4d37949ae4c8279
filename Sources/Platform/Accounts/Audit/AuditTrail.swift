public import Base
import Foundation
public import Storage
import Telemetry

/// The append-only record of who did what in a tenant, kept for ``AccountsSchema/auditAge``.
///
/// There is no way to change an entry. What is old is removed when an archive holds it, and by the platform's retention
/// at the latest.
public struct AuditTrail: Sendable {
    let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness

    /// Opens the record.
    public init(storage: Storage, clock: any WallClock, randomness: any Randomness) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
    }

    /// Adds an entry, in the transaction that does what it tells of.
    ///
    /// - Parameters:
    ///   - action: What was done: `noun.verbPast`.
    ///   - actor: Who did it.
    ///   - subject: What it was done to: its kind, and which one.
    ///   - detail: What else is worth knowing; no secrets. Of more than 4 KiB only a note is kept.
    ///   - tenant: In which tenant.
    ///   - transaction: The transaction; `nil` for one of its own.
    /// - Throws: `StorageError`; the transaction must not be committed then.
    public func append(
        _ action: StaticString, by actor: AuditEntry.Actor, on subject: (kind: StaticString, id: String),
        _ detail: [String: String] = [:], for tenant: Tenant, in transaction: (any Writing)? = nil
    ) async throws(StorageError) {
        let writer: any Writing = transaction ?? storage.writer(for: tenant)
        let now = clock.now()
        let id = ID<AuditEntry>(at: now, using: randomness)
        try await writer.execute(
            "accounts.insertAuditEntry",
            """
            INSERT INTO audit_entries
                (tenant_id, id, made_at, actor_kind, actor_id, action, subject_kind, subject_id, detail)
            VALUES (\(tenant), \(id), \(now), \(actor.kind), \(value: actor.number.sqlValue), \(action.description),
                \(subject.kind.description), \(subject.id), \(value: .json(Self.text(detail))))
            """)
    }

    /// A page of entries, the newest first.
    public func page(
        of tenant: Tenant, after cursor: Cursor? = nil, limit: Int = 50
    ) async throws(StorageError) -> Page<AuditEntry> {
        try await storage.reader(for: tenant).page(
            AuditEntry.self, "accounts.auditPage",
            "SELECT \(sql: AuditEntry.columns) FROM audit_entries WHERE tenant_id = \(tenant)",
            order: .descending("made_at", "id"), after: cursor, limit: limit)
    }

    /// Hands over all entries of a time, the oldest first, in chunks of at most 500; memory does not grow with them.
    ///
    /// - Parameters:
    ///   - tenant: Of which tenant.
    ///   - times: From when until before when.
    ///   - body: Takes a chunk; the next one is read when it returns.
    /// - Returns: How many entries there were, for the manifest at an export's end.
    /// - Throws: What `body` throws, or a `StorageError`.
    @discardableResult
    public func export(
        of tenant: Tenant, in times: Range<Timestamp>, _ body: ([AuditEntry]) async throws -> Void
    ) async throws -> Int {
        var count = 0
        try await storage.read(for: tenant) { transaction in
            try await transaction.stream(
                "accounts.auditExport",
                """
                SELECT \(sql: AuditEntry.columns) FROM audit_entries
                WHERE tenant_id = \(tenant) AND made_at >= \(times.lowerBound) AND made_at < \(times.upperBound)
                ORDER BY made_at, id
                """, chunkRows: 500
            ) { rows in
                var entries: [AuditEntry] = []
                for index in 0..<rows.rowCount {
                    entries.append(try AuditEntry(row: SQLRow(source: rows, index: index)))
                }
                count += entries.count
                try await body(entries)
            }
        }
        return count
    }

    private static func text(_ detail: [String: String]) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding texts cannot fail; a detail that could would be the entry's loss, not its writer's.
        guard let data = try? encoder.encode(detail), data.count <= AuditEntry.detailBytesMax else {
            return #"{"note":"the details were too long to keep"}"#
        }
        return String(decoding: data, as: UTF8.self)
    }
}
