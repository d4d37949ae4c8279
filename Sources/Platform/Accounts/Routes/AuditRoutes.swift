import Base
import Storage
import Web

struct AuditOutput: Output {
    var id: ID<AuditEntry>
    var madeAt: Timestamp
    var actorKind: String
    var actor: ID<AuditEntry>?
    var action: String
    var subjectKind: String
    var subject: String
    var detail: [String: String]

    static let shape = Shape.object([
        .body("id", .id), .body("madeAt", .timestamp), .body("actorKind", .choice(["person", "key", "system"])),
        .body("actor", optional: .id), .body("action", .text), .body("subjectKind", .text), .body("subject", .text),
        .body("detail", .any),
    ])

    init(_ entry: AuditEntry) {
        id = entry.id
        madeAt = entry.madeAt
        actorKind = entry.actor.kind
        actor = entry.actor.number
        action = entry.action
        subjectKind = entry.subjectKind
        subject = entry.subjectID
        detail = entry.detail
    }
}

struct AuditsOutput: Output {
    var entries: [AuditOutput]
    var next: Cursor?

    static let shape = Shape.object([.body("entries", .list(AuditOutput.shape)), .body("next", optional: .cursor)])
}

struct AuditSpan: Input {
    var from: Timestamp?
    var until: Timestamp?

    static let fields: [Field] = [
        .query("from", optional: .timestamp, "From when; from the oldest entry when absent."),
        .query("until", optional: .timestamp, "Until before when; until now when absent."),
    ]
}

extension AccountsRoutes {
    var auditRoutes: [Route] {
        [
            Route(
                .get, "/api/audit", "accounts.listAudit", "Lists who did what, the newest first.",
                policy: .role(.administrator), limit: Self.readLimit, budget: 1
            ) { [trail] (request: Request<PageQuery>) in
                let page = try await trail.page(
                    of: request.tenant, after: request.input.after, limit: request.input.limit)
                return AuditsOutput(entries: page.items.map(AuditOutput.init), next: page.next)
            },
            Route(
                .get, "/api/audit/export", "accounts.exportAudit", "Streams who did what, the oldest first, as CSV.",
                policy: .role(.administrator), limit: .per(.person, "accounts.export", 10), budget: 1,
                deadline: .seconds(600)
            ) { [trail] (request: Request<AuditSpan>) in
                let tenant = request.tenant
                let until = request.input.until ?? request.receivedAt + .seconds(1)
                let from = min(request.input.from ?? .epoch, until)
                return CSVExport("audit", columns: Self.auditColumns) { rows in
                    try await trail.export(of: tenant, in: from..<until) { entries in
                        for entry in entries { try await Self.write(entry, to: &rows) }
                    }
                }
            },
        ]
    }

    private static let auditColumns = [
        "id", "made_at", "actor_kind", "actor", "action", "subject_kind", "subject", "detail",
    ]

    private static func write(_ entry: AuditEntry, to rows: inout CSVRows) async throws {
        rows.id(entry.id)
        rows.time(entry.madeAt)
        rows.text(entry.actor.kind)
        if let actor = entry.actor.number { rows.id(actor) } else { rows.empty() }
        rows.text(entry.action)
        rows.text(entry.subjectKind)
        rows.text(entry.subjectID)
        rows.text(entry.detail.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "; "))
        try await rows.endRow()
    }
}
