import Base
import Storage

/// The table of exports and of their parts, and the rows that exports are made of.
struct ExportStore: Sendable {
    /// The right by which files are removed whose time is over.
    static let sweep = SystemCapability(
        name: "discovery.exports", reason: "removes files of exports whose seven days are over, in all tenants")

    let storage: Storage

    // MARK: Planning

    /// What there is of a source now, in one statement: each segment with its last row and how many pass the filter.
    ///
    /// Rows that are being added or removed at this moment are beyond the mark, as both take numbers of the list's clock.
    func segments(
        of source: Export.Source, _ id: ID<ExportSource>, _ filter: MatchFilter, for asker: Asker,
        in tenant: Tenant
    ) async throws(StorageError) -> [PlannedSegment] {
        let query: SQL
        switch source {
        case .list:
            query = """
                SELECT 'list' AS source, l.id, l.name AS title, t.next_sequence - 1 AS mark, (
                    SELECT count(*) FROM list_entries e JOIN creators c ON c.tenant_id = \(tenant) AND c.id = e.creator_id
                    WHERE e.tenant_id = \(tenant) AND e.list_id = l.id AND e.removed_at IS NULL\(sql: Self.condition(filter))) AS rows,
                    l.fields
                FROM creator_lists l
                JOIN bucket_totals t ON t.tenant_id = \(tenant) AND t.list_id = l.id AND t.bucket = ''
                \(sql: ListStore.membership(asker, tenant))
                WHERE l.tenant_id = \(tenant) AND l.id = \(id) AND \(sql: ListStore.may(.viewer, asker))
                """
        case .search: query = Self.searches("s.id = \(id)", filter, tenant)
        case .campaign: query = Self.searches("s.campaign_id = \(id)", filter, tenant)
        }
        return try await storage.reader(for: tenant).list(
            PlannedSegment.self, "export.plan", query, limit: Export.Bounds.segments)
    }

    private static func searches(_ which: SQL, _ filter: MatchFilter, _ tenant: Tenant) -> SQL {
        let mark: SQL = """
            coalesce((SELECT max(m.sequence) FROM matches m WHERE m.tenant_id = \(tenant) AND m.search_id = s.id), 0)
            """
        // Matches are numbered without gaps and stay: the last number is how many there are.
        let rows: SQL =
            filter.isEmpty
            ? mark
            : """
            (SELECT count(*) FROM matches m JOIN creators c ON c.tenant_id = \(tenant) AND c.id = m.creator_id
                WHERE m.tenant_id = \(tenant) AND m.search_id = s.id\(sql: condition(filter, keywords: "m.keywords")))
            """
        return """
            SELECT 'search' AS source, s.id, s.title, \(sql: mark) AS mark, \(sql: rows) AS rows, '[]' AS fields
            FROM searches s WHERE s.tenant_id = \(tenant) AND \(sql: which) ORDER BY s.id
            """
    }

    /// What a filter says of `creators c`, and of the keywords of matches where the rows are some.
    static func condition(_ filter: MatchFilter, keywords: SQL? = nil) -> SQL {
        var condition: SQL = ""
        func unknown(_ column: SQL) -> SQL { filter.includesUnknown ? " OR \(sql: column) IS NULL" : "" }
        if let platform = filter.platform { condition = condition.appending(" AND c.platform = \(platform)") }
        if let least = filter.followersMin {
            condition = condition.appending(" AND (c.followers >= \(least)\(sql: unknown("c.followers")))")
        }
        if let most = filter.followersMax {
            condition = condition.appending(" AND (c.followers <= \(most)\(sql: unknown("c.followers")))")
        }
        if let least = filter.engagementMin {
            condition = condition.appending(" AND (c.engagement >= \(least)\(sql: unknown("c.engagement")))")
        }
        if let country = filter.country { condition = condition.appending(" AND c.country = \(country)") }
        if let language = filter.language { condition = condition.appending(" AND c.language = \(language)") }
        if let email = filter.email {
            condition = condition.appending(email == .known ? " AND c.email IS NOT NULL" : " AND c.email IS NULL")
        }
        if let keyword = filter.keyword, let keywords {
            let bit: Int64 = 1 << Int64(keyword)
            condition = condition.appending(" AND (\(sql: keywords) & \(bit)) <> 0")
        }
        return condition
    }

    /// The numbers of the rows of a segment that pass a filter, in order.
    func chosen(
        _ segment: ExportPlan.Segment, _ filter: MatchFilter, after sequence: Int64, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [Int64] {
        try await storage.reader(for: tenant).list(
            SequenceRow.self, "export.choose",
            """
            SELECT e.sequence \(sql: Self.source(segment, after: sequence, tenant))\(sql: Self.condition(filter, of: segment))
            ORDER BY e.sequence
            """, limit: limit
        ).map(\.sequence)
    }

    /// The next creators of a segment that pass a filter.
    func creators(
        _ segment: ExportPlan.Segment, _ filter: MatchFilter, after sequence: Int64, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [ChosenCreator] {
        try await storage.reader(for: tenant).list(
            ChosenCreator.self, "export.creators",
            """
            SELECT e.sequence, c.id \(sql: Self.source(segment, after: sequence, tenant))
                \(sql: Self.condition(filter, of: segment))
            ORDER BY e.sequence
            """, limit: limit)
    }

    private static func condition(_ filter: MatchFilter, of segment: ExportPlan.Segment) -> SQL {
        condition(filter, keywords: segment.source == .list ? nil : "e.keywords")
    }

    private static func source(
        _ segment: ExportPlan.Segment, after sequence: Int64, upTo end: Int64 = .max, _ tenant: Tenant
    ) -> SQL {
        let last = min(end, segment.mark)
        return switch segment.source {
        case .list:
            // An entry that was removed after the mark still belongs to what was promised.
            """
            FROM list_entries e JOIN creators c ON c.tenant_id = \(tenant) AND c.id = e.creator_id
            WHERE e.tenant_id = \(tenant) AND e.list_id = \(segment.id) AND e.sequence > \(sequence)
                AND e.sequence <= \(last)
                AND (e.removed_sequence IS NULL OR e.removed_sequence > \(segment.mark))
            """
        case .search, .campaign:
            """
            FROM matches e JOIN creators c ON c.tenant_id = \(tenant) AND c.id = e.creator_id
            WHERE e.tenant_id = \(tenant) AND e.search_id = \(segment.id) AND e.sequence > \(sequence)
                AND e.sequence <= \(last)
            """
        }
    }

    /// The rows of a segment behind `sequence`, up to `end` where it is given, that pass the filter where one is given.
    func rows(
        _ segment: ExportPlan.Segment, filter: MatchFilter? = nil, after sequence: Int64, upTo end: Int64 = .max,
        limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> any SQLRowSource {
        let own: SQL =
            segment.source == .list
            ? "e.bucket, e.added_at AS since, e.fields" : "'' AS bucket, e.found_at AS since, '{}' AS fields"
        return try await storage.reader(for: tenant).run(
            "export.rows",
            """
            SELECT e.sequence, c.platform, c.handle, c.name, c.followers, c.engagement, c.median_views, c.language,
                c.country, c.email, c.bio, \(sql: own)
            \(sql: Self.source(segment, after: sequence, upTo: end, tenant))\(sql: filter.map { Self.condition($0, of: segment) } ?? "")
            ORDER BY e.sequence LIMIT \(limit)
            """, rowsMax: limit
        ).rows
    }

    // MARK: Exports

    /// Writes a new export; `false` when as many are in the making as may be.
    ///
    /// One that is in the making takes one of the workspace's numbered places.
    func insert(
        _ export: Export, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let place: SQL =
            export.state.isUnderWay
            ? """
            (SELECT p.place FROM (SELECT 1 AS place UNION ALL SELECT 2 UNION ALL SELECT 3) p
             WHERE NOT EXISTS (SELECT 1 FROM discovery_exports x WHERE x.tenant_id = \(tenant) AND x.place = p.place)
             ORDER BY p.place LIMIT 1)
            """ : "CAST(NULL AS bigint)"
        return try await writing.execute(
            "export.insert",
            """
            INSERT INTO discovery_exports (tenant_id, id, person_id, title, source, source_id, format, plan, state, place,
                rows_planned, rows_written, bytes_written, sha256, created_at, finished_at, expires_at)
            SELECT \(tenant), \(export.id), \(export.personID), \(export.title), \(export.source), \(export.sourceID),
                \(export.format), \(try StoredJSON.text(export.plan)), \(export.state), s.place, \(export.rowsPlanned),
                \(export.rowsWritten), \(export.bytesWritten), \(export.sha256), \(export.createdAt),
                \(export.finishedAt), \(export.expiresAt)
            FROM (SELECT \(sql: place) AS place) s WHERE s.place IS NOT NULL OR NOT \(export.state.isUnderWay)
            """) == 1
    }

    func export(
        _ id: ID<Export>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Export? {
        try await reading.first(
            Export.self, "export.byID",
            "SELECT \(sql: Export.columns) FROM discovery_exports x WHERE x.tenant_id = \(tenant) AND x.id = \(id)")
    }

    /// A page of somebody's exports, the newest first.
    func page(
        of person: ID<Person>, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<Export> {
        try await storage.reader(for: tenant).page(
            Export.self, "export.page",
            """
            SELECT \(sql: Export.columns) FROM discovery_exports x
            WHERE x.tenant_id = \(tenant) AND x.person_id = \(person)
            """, order: .descending("x.id"), after: cursor, limit: limit)
    }

    /// Begins, or goes on with, the making of a file; `false` when it is no longer wanted.
    func begin(
        _ id: ID<Export>, plan: ExportPlan, rows: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "export.begin",
            """
            UPDATE discovery_exports SET state = 'running', plan = \(try StoredJSON.text(plan)),
                rows_planned = \(rows), version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(id) AND state IN ('queued', 'running')
            """) == 1
    }

    /// Keeps a part and how far the export is; `false` when another worker has gone on or it is no longer wanted.
    func keep(
        _ part: ExportPart, of export: Export, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        guard
            try await writing.execute(
                "export.advance",
                """
                UPDATE discovery_exports SET rows_written = \(export.rowsWritten), bytes_written = \(export.bytesWritten),
                    parts = \(part.number), segment = \(export.position.segment),
                    last_sequence = \(export.position.sequence), version = version + 1
                WHERE tenant_id = \(tenant) AND id = \(export.id) AND state = 'running' AND parts = \(part.number - 1)
                """) == 1
        else { return false }
        try await writing.execute(
            "export.keepPart",
            """
            INSERT INTO discovery_export_parts (tenant_id, export_id, number, rows, bytes, sha256)
            VALUES (\(tenant), \(export.id), \(part.number), \(part.rows), \(part.bytes), \(part.sha256))
            """)
        return true
    }

    func parts(
        of export: ID<Export>, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [ExportPart] {
        try await storage.reader(for: tenant).list(
            ExportPart.self, "export.parts",
            """
            SELECT number, rows, bytes, sha256 FROM discovery_export_parts
            WHERE tenant_id = \(tenant) AND export_id = \(export) ORDER BY number
            """, limit: limit)
    }

    /// Ends an export that is under way; `false` when it had ended.
    ///
    /// A file becomes ready only with as many rows as were promised, whatever the caller believes.
    func end(
        _ id: ID<Export>, as state: Export.State, sha256: String? = nil, bytes: Int? = nil, failure: String? = nil,
        at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let ended = try await writing.execute(
            "export.end",
            """
            UPDATE discovery_exports SET state = \(state), place = NULL, sha256 = \(sha256),
                bytes_written = coalesce(\(bytes), bytes_written), failure = \(failure), finished_at = \(time),
                version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(id) AND state IN ('queued', 'running')
                AND (\(state != .ready) OR rows_written = rows_planned)
            """)
        guard ended == 1 else { return false }
        try await writing.execute(
            "export.forgetParts",
            "DELETE FROM discovery_export_parts WHERE tenant_id = \(tenant) AND export_id = \(id)")
        return true
    }

    // MARK: Ends of time

    /// Some files of all tenants whose time is over.
    func ending(before time: Timestamp, limit: Int) async throws(StorageError) -> [EndingExport] {
        try await storage.reader(bypassingTenant: Self.sweep).list(
            EndingExport.self, "export.ending",
            """
            SELECT tenant_id, id, format, state FROM discovery_exports
            WHERE expires_at < \(time) AND state IN ('ready', 'failed', 'cancelled') ORDER BY expires_at
            """, limit: limit)
    }

    /// Marks an export whose file is gone.
    func expire(_ id: ID<Export>, in tenant: Tenant) async throws(StorageError) {
        try await storage.writer(for: tenant).execute(
            "export.expire",
            """
            UPDATE discovery_exports SET state = 'expired', version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(id) AND state IN ('ready', 'failed', 'cancelled')
            """)
    }
}

// MARK: Rows

/// A search or list as an export finds it.
struct PlannedSegment: Sendable, RowDecodable {
    let segment: ExportPlan.Segment
    let rows: Int
    let fields: [ListField]

    init(row: SQLRow) throws(StorageError) {
        segment = ExportPlan.Segment(
            source: try row.value(at: 0), id: try row.value(at: 1), title: try row.value(at: 2),
            mark: try row.value(at: 3))
        rows = try row.value(at: 4)
        fields = try StoredJSON.read(try row.value(at: 5))
    }
}

/// A part of a file that is kept.
struct ExportPart: Sendable, Hashable, RowDecodable {
    let number: Int
    let rows: Int
    let bytes: Int
    let sha256: String

    init(number: Int, rows: Int, bytes: Int, sha256: String) {
        self.number = number
        self.rows = rows
        self.bytes = bytes
        self.sha256 = sha256
    }

    init(row: SQLRow) throws(StorageError) {
        number = try row.value(at: 0)
        rows = try row.value(at: 1)
        bytes = try row.value(at: 2)
        sha256 = try row.value(at: 3)
    }
}

/// A file whose time is over.
struct EndingExport: Sendable, RowDecodable {
    let tenant: Tenant
    let id: ID<Export>
    let format: Export.Format
    let state: Export.State

    init(row: SQLRow) throws(StorageError) {
        tenant = Tenant(try row.value(at: 0))
        id = try row.value(at: 1)
        format = try row.value(at: 2)
        state = try row.value(at: 3)
    }
}

extension Export: RowDecodable {
    static let columns: SQL = """
        x.id, x.person_id, x.title, x.source, x.source_id, x.format, x.plan, x.state, x.rows_planned, x.rows_written,
        x.bytes_written, x.parts, x.segment, x.last_sequence, x.sha256, x.failure, x.created_at, x.finished_at,
        x.expires_at
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), personID: try row.value(at: 1), title: try row.value(at: 2),
            source: try row.value(at: 3), sourceID: try row.value(at: 4), format: try row.value(at: 5),
            plan: try StoredJSON.read(try row.value(at: 6)), state: try row.value(at: 7),
            rowsPlanned: try row.value(at: 8), rowsWritten: try row.value(at: 9), bytesWritten: try row.value(at: 10),
            parts: try row.value(at: 11),
            position: ExportPosition(segment: try row.value(at: 12), sequence: try row.value(at: 13)),
            sha256: try row.optional(at: 14), failure: try row.optional(at: 15), createdAt: try row.value(at: 16),
            finishedAt: try row.optional(at: 17), expiresAt: try row.value(at: 18))
    }
}

/// A creator of a selection, with its row's number.
struct ChosenCreator: Sendable, RowDecodable {
    let sequence: Int64
    let creator: ID<Creator>

    init(row: SQLRow) throws(StorageError) {
        sequence = try row.value(at: 0)
        creator = try row.value(at: 1)
    }
}

private struct SequenceRow: RowDecodable {
    let sequence: Int64

    init(row: SQLRow) throws(StorageError) { sequence = try row.value(at: 0) }
}
