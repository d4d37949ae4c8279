import Base
import Storage

/// Writes the jobs that a transaction enqueues.
enum JobOutbox: Outbox {
    static let name = "jobs"
    static let rowsPerStatement = 2_500
    static let rowsMax = 10_000
    private static let hintsMax = 64

    /// Marks jobs that others wait for, and leaves out those whose key an earlier one of the same transaction takes.
    static func prepared(_ rows: [JobRow]) throws(StorageError) -> [JobRow] {
        struct Key: Hashable {
            let tenant: Tenant
            let kind: String
            let key: String
        }
        var awaited: Set<ID<Job>> = []
        var known: Set<ID<Job>> = []
        for row in rows {
            for predecessor in row.predecessors where !known.contains(predecessor) {
                throw StorageError(
                    .invalidValue,
                    "a job of \(row.queue.kind) comes after one that its transaction has not enqueued before")
            }
            awaited.formUnion(row.predecessors)
            known.insert(row.id)
        }
        guard !awaited.isEmpty || rows.contains(where: { $0.hold != nil }) else { return rows }
        var taken: Set<Key> = []
        return rows.compactMap { row in
            if let hold = row.hold,
                !taken.insert(Key(tenant: row.tenant, kind: hold.kind, key: hold.key)).inserted
            {
                return nil
            }
            var row = row
            row.isAwaited = awaited.contains(row.id)
            return row
        }
    }

    static func steps(for rows: [JobRow], in context: OutboxContext) -> [OutboxStep] {
        let writer = JobInsertion(rows: rows, context: context)
        return [writer.keys, writer.later, writer.links, writer.parents, writer.queue].compactMap { $0 }
    }

    static func hints(for rows: [JobRow]) -> [String] {
        var heads: [WakeHint] = []
        for row in rows {
            let hint = WakeHint(row)
            if let place = heads.firstIndex(where: { $0.isSameHead(as: hint) }) {
                heads[place] = heads[place].earlier(hint)
            } else {
                guard heads.count < hintsMax else { return [] }
                heads.append(hint)
            }
        }
        return heads.map(\.description)
    }
}

/// The statements for one load of jobs.
///
/// All read the same table of values; where some jobs are unique, only those that got their key are written.
private struct JobInsertion {
    let rows: [JobRow]
    let context: OutboxContext

    private var hasKeys: Bool { rows.contains { $0.hold != nil } }

    /// The tenant as a bound value where the transaction has one, so that the statement names it; else a row's.
    private var tenant: SQL {
        if let tenant = context.scope.tenant { "\(tenant)" } else { "i.tenant_id" }
    }

    /// Which rows are written: those without a key, and those that got theirs.
    private var accepted: SQL {
        guard hasKeys else { return " WHERE true" }
        return context.dialect == .postgres
            ? " WHERE (NOT i.is_unique OR i.id IN (SELECT job_id FROM added_keys))"
            : """
             WHERE (NOT i.is_unique OR EXISTS (
                SELECT 1 FROM job_keys k WHERE k.tenant_id = \(sql: tenant) AND k.job_id = i.id))
            """
    }

    /// Takes the keys that are free or whose time is over. Sorted, so that two transactions cannot wait for each other.
    var keys: OutboxStep? {
        let held = rows.filter { $0.hold != nil }.sorted {
            ($0.tenant.id, $0.hold?.kind ?? "", $0.hold?.key ?? "") < (
                $1.tenant.id, $1.hold?.kind ?? "", $1.hold?.key ?? ""
            )
        }
        guard !held.isEmpty else { return nil }
        let values = SQLRows(
            held, { $0.tenant.id }, { $0.hold?.kind ?? "" }, { $0.hold?.key ?? "" }, { $0.id },
            { $0.hold?.until ?? .never })
        return OutboxStep(
            "added_keys",
            """
            INSERT INTO job_keys (tenant_id, kind, key, job_id, held_until)
            SELECT \(sql: tenant), i.kind, i.key, i.id, i.held_until
            FROM (WITH v(tenant_id, kind, key, id, held_until) AS (\(rows: values)) SELECT * FROM v) i WHERE true
            ON CONFLICT (tenant_id, kind, key) DO UPDATE SET job_id = excluded.job_id, held_until = excluded.held_until
                WHERE job_keys.held_until <= \(context.now)\
            \(sql: context.dialect == .postgres ? " RETURNING job_id" : "")
            """)
    }

    var queue: OutboxStep? {
        let ready = rows.filter { !$0.isLater }
        guard !ready.isEmpty else { return nil }
        let values = SQLRows(
            ready, { $0.tenant.id }, { $0.queue.description }, { $0.id }, { $0.input }, { $0.parent }, { $0.key },
            { ties(of: $0) }, { $0.hold != nil })
        return OutboxStep(
            "added_jobs",
            """
            INSERT INTO job_queue (tenant_id, queue, id, input, attempts, parent_id, key, ties)
            SELECT \(sql: tenant), i.queue, i.id, i.input, 0, i.parent_id, i.key, i.ties
            FROM (WITH v(tenant_id, queue, id, input, parent_id, key, ties, is_unique) AS (\(rows: values))
                SELECT * FROM v) i\(sql: accepted)
            """)
    }

    var later: OutboxStep? {
        let waiting = rows.filter(\.isLater)
        guard !waiting.isEmpty else { return nil }
        let values = SQLRows(
            waiting, { $0.tenant.id }, { $0.queue.again.description }, { $0.id }, { $0.input }, { $0.parent },
            { $0.key }, { ties(of: $0) }, { $0.isBlocked ? Timestamp?.none : $0.dueAt }, { $0.isParent },
            { $0.hold != nil })
        return OutboxStep(
            "added_later",
            """
            INSERT INTO job_later (tenant_id, queue, id, input, attempts, parent_id, key, ties, due_at, is_parent)
            SELECT \(sql: tenant), i.queue, i.id, i.input, 0, i.parent_id, i.key, i.ties, i.due_at, i.is_parent
            FROM (WITH v(tenant_id, queue, id, input, parent_id, key, ties, due_at, is_parent, is_unique)
                AS (\(rows: values)) SELECT * FROM v) i\(sql: accepted)
            """)
    }

    var links: OutboxStep? {
        struct Link {
            let tenant: ID<Tenant>
            let job: ID<Job>
            let waiter: ID<Job>
        }
        let unique = Set(rows.filter { $0.hold != nil }.map(\.id))
        let links = rows.flatMap { row in
            row.predecessors.map { Link(tenant: row.tenant.id, job: $0, waiter: row.id) }
        }
        guard !links.isEmpty else { return nil }
        let values = SQLRows(
            links, { $0.tenant }, { $0.job }, { $0.waiter }, { unique.contains($0.job) })
        return OutboxStep(
            "added_links",
            """
            INSERT INTO job_links (tenant_id, job_id, waiter_id)
            SELECT \(sql: tenant), i.id, i.waiter_id
            FROM (WITH v(tenant_id, id, waiter_id, is_unique) AS (\(rows: values)) SELECT * FROM v) i\(sql: accepted)
            """)
    }

    /// Counts children at their parents.
    var parents: OutboxStep? {
        let children = rows.filter { $0.parent != nil }
        guard !children.isEmpty else { return nil }
        let values = SQLRows(
            children, { $0.tenant.id }, { $0.parent }, { $0.id }, { $0.hold != nil })
        return OutboxStep(
            "counted_children",
            """
            INSERT INTO job_parents (tenant_id, id, total, done, failed, cancelled)
            SELECT \(sql: tenant), i.parent_id, count(*), 0, 0, 0
            FROM (WITH v(tenant_id, parent_id, id, is_unique) AS (\(rows: values)) SELECT * FROM v) i\(sql: accepted)
            GROUP BY i.tenant_id, i.parent_id ORDER BY 1, 2
            ON CONFLICT (tenant_id, id) DO UPDATE SET total = job_parents.total + excluded.total
            """)
    }

    private func ties(of row: JobRow) -> Int { row.isAwaited ? JobRow.Ties.awaited : 0 }
}
