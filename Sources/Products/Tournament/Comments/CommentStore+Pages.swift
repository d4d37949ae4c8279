import Base
import Foundation
import Storage

/// Reading comments: what everybody sees, what only their authors see, and what waits for moderators.
extension CommentStore {
    /// A page of a clip's comments with their first replies, newest first, in one statement.
    ///
    /// Who looks sees their own comments in every state, each in its place.
    func page(
        of clip: ID<Clip>, for viewer: ID<Person>?, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> CommentPage {
        let page = try await storage.reader(for: tenant).page(
            ShownRow.self, "comment.page", order: .descending("c.id"), after: cursor, limit: limit
        ) { bounds in
            let seen: SQL = """
                SELECT \(sql: Comment.columns) FROM comments c WHERE c.tenant_id = \(tenant) AND c.clip_id = \(clip)
                    AND c.parent_id IS NULL AND c.state = 'approved'\(sql: bounds)
                """
            var source: SQL = "(\(sql: seen))"
            if let viewer {
                source = """
                    (SELECT * FROM (\(sql: seen)) a UNION ALL SELECT * FROM (
                        SELECT \(sql: Comment.columns) FROM comments c WHERE c.tenant_id = \(tenant)
                            AND c.person_id = \(viewer) AND c.clip_id = \(clip) AND c.parent_id IS NULL
                            AND c.state <> 'approved'\(sql: bounds)) b)
                    """
            }
            return """
                SELECT \(sql: Comment.columns), \(sql: liked(by: viewer, "c.id", in: tenant)),
                    \(sql: replies(for: viewer, in: tenant)),
                    (SELECT CAST(coalesce(sum(t.comments), 0) AS bigint) FROM clip_tallies t
                        WHERE t.tenant_id = \(tenant) AND t.clip_id = \(clip))
                FROM \(sql: source) c WHERE true\(sql: bounds)
                """
        }
        return CommentPage(
            comments: page.items.map(\.shown), total: page.items.first?.total ?? 0, next: page.next?.description)
    }

    /// A page of a comment's replies, the oldest first.
    func replies(
        to parent: ID<Comment>, of clip: ID<Clip>, for viewer: ID<Person>?, after cursor: Cursor?, limit: Int,
        in tenant: Tenant
    ) async throws(StorageError) -> CommentPage {
        var visible: SQL = "c.state = 'approved'"
        if let viewer { visible = "(c.state = 'approved' OR c.person_id = \(viewer))" }
        let page = try await storage.reader(for: tenant).page(
            ReplyRow.self, "comment.replies",
            """
            SELECT \(sql: Comment.columns), \(sql: liked(by: viewer, "c.id", in: tenant)) FROM comments c
            WHERE c.tenant_id = \(tenant) AND c.parent_id = \(parent) AND c.clip_id = \(clip) AND \(sql: visible)
            """, order: .ascending("c.id"), after: cursor, limit: limit)
        return CommentPage(
            comments: page.items.map(\.shown), total: page.items.count, next: page.next?.description)
    }

    /// A person's own comments in every state, the newest first.
    func own(
        of person: ID<Person>, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<TitledComment> {
        try await storage.reader(for: tenant).page(
            TitledComment.self, "comment.own",
            """
            SELECT \(sql: Comment.columns), k.title FROM comments c
            LEFT JOIN clips k ON k.tenant_id = c.tenant_id AND k.id = c.clip_id
            WHERE c.tenant_id = \(tenant) AND c.person_id = \(person)
            """, order: .descending("c.id"), after: cursor, limit: limit)
    }

    /// Comments that wait for a moderator, the oldest first.
    func pending(
        after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<TitledComment> {
        try await storage.reader(for: tenant).page(
            TitledComment.self, "comment.pending",
            """
            SELECT \(sql: Comment.columns), k.title FROM comments c
            LEFT JOIN clips k ON k.tenant_id = c.tenant_id AND k.id = c.clip_id
            WHERE c.tenant_id = \(tenant) AND c.state = 'pending'
            """, order: .ascending("c.id"), after: cursor, limit: limit)
    }

    /// How many approved comments the clips of a slot have, those that have any.
    func counts(of slot: ID<Slot>, in tenant: Tenant) async throws(StorageError) -> [ID<Clip>: Int] {
        let rows = try await storage.reader(for: tenant).list(
            ClipCountRow.self, "comment.countsOfSlot",
            """
            SELECT c.id, CAST(sum(t.comments) AS bigint) FROM clips c
            JOIN clip_tallies t ON t.tenant_id = c.tenant_id AND t.clip_id = c.id
            WHERE c.tenant_id = \(tenant) AND c.slot_id = \(slot) AND c.state IN ('active', 'winner', 'eliminated')
            GROUP BY c.id HAVING sum(t.comments) <> 0
            """, limit: ClipStore.Bounds.clipsPerSlot)
        return Dictionary(rows.map { ($0.clipID, $0.count) }, uniquingKeysWith: { first, _ in first })
    }

    /// The name under which a person has commented last.
    func author(of person: ID<Person>, in tenant: Tenant) async throws(StorageError) -> String? {
        try await storage.reader(for: tenant).first(
            AuthorRow.self, "comment.author",
            """
            SELECT c.author FROM comments c WHERE c.tenant_id = \(tenant) AND c.person_id = \(person) ORDER BY c.id DESC
            """)?.name
    }

    // MARK: Parts

    private func liked(by viewer: ID<Person>?, _ id: StaticString, in tenant: Tenant) -> SQL {
        guard let viewer else { return "0" }
        return """
            CASE WHEN EXISTS (SELECT 1 FROM comment_likes l WHERE l.tenant_id = \(tenant)
                AND l.comment_id = \(raw: id) AND l.person_id = \(viewer)) THEN 1 ELSE 0 END
            """
    }

    /// The first replies of `c` as one JSON value, one more than are shown.
    ///
    /// The engines agree on everything but how JSON is made, and how ids and times become text in it.
    private func replies(for viewer: ID<Person>?, in tenant: Tenant) -> SQL {
        var visible: SQL = "r.state = 'approved'"
        if let viewer { visible = "(r.state = 'approved' OR r.person_id = \(viewer))" }
        let source: SQL = """
            (SELECT r.id, r.person_id, r.author, r.text, r.state, r.likes, r.reason, r.created_at
                FROM comments r WHERE r.tenant_id = \(tenant) AND r.parent_id = c.id AND \(sql: visible)
                ORDER BY r.id LIMIT \(Bounds.replies + 1)) r
            """
        let liked = liked(by: viewer, "r.id", in: tenant)
        if storage.dialect == .postgres {
            return """
                (SELECT coalesce(jsonb_agg(jsonb_build_object('id', replace(CAST(r.id AS text), '-', ''),
                    'person', replace(CAST(r.person_id AS text), '-', ''), 'author', r.author, 'text', r.text,
                    'state', r.state, 'likes', r.likes, 'reason', r.reason, 'liked', \(sql: liked),
                    'at', CAST(extract(epoch FROM r.created_at) * 1000000 AS bigint)) ORDER BY r.id), '[]')
                FROM \(sql: source))
                """
        }
        return """
            (SELECT json_group_array(json_object('id', hex(r.id), 'person', hex(r.person_id), 'author', r.author,
                'text', r.text, 'state', r.state, 'likes', r.likes, 'reason', r.reason, 'liked', \(sql: liked),
                'at', r.created_at)) FROM \(sql: source))
            """
    }
}

/// A comment with the title of the clip it stands below.
struct TitledComment: Sendable, Hashable, RowDecodable {
    let comment: Comment
    let clipTitle: String?

    init(row: SQLRow) throws(StorageError) {
        comment = try Comment(row: row)
        clipTitle = try row.optional(at: 10)
    }
}

private struct ReplyRow: RowDecodable {
    let shown: ShownComment

    init(row: SQLRow) throws(StorageError) {
        shown = ShownComment(
            comment: try Comment(row: row), isLiked: try row.value(at: 10, as: Int.self) == 1, replies: [])
    }
}

private struct ShownRow: RowDecodable {
    /// A reply as the statement writes it into JSON.
    private struct Reply: Decodable {
        let id: String
        let person: String
        let author: String
        let text: String
        let state: Comment.State
        let likes: Int
        let reason: String?
        let liked: Int
        let at: Int64
    }

    let shown: ShownComment
    let total: Int

    init(row: SQLRow) throws(StorageError) {
        let comment = try Comment(row: row)
        let replies: [Reply] = try StoredJSON.read(try row.value(at: 11))
        var shownReplies: [ShownComment] = []
        for reply in replies.prefix(CommentStore.Bounds.replies) {
            guard let id = ID<Comment>(hexadecimal: reply.id), let person = ID<Person>(hexadecimal: reply.person) else {
                throw StorageError(.rowMismatch, "a reply came without an id of 32 digits")
            }
            shownReplies.append(
                ShownComment(
                    comment: Comment(
                        id: id, clipID: comment.clipID, personID: person, parentID: comment.id, author: reply.author,
                        text: reply.text, state: reply.state, likes: reply.likes, reason: reply.reason,
                        createdAt: Timestamp(microseconds: reply.at)), isLiked: reply.liked == 1, replies: []))
        }
        shown = ShownComment(
            comment: comment, isLiked: try row.value(at: 10, as: Int.self) == 1, replies: shownReplies,
            hasMoreReplies: replies.count > CommentStore.Bounds.replies)
        total = try row.value(at: 12)
    }
}

private struct AuthorRow: RowDecodable {
    let name: String

    init(row: SQLRow) throws(StorageError) { name = try row.value(at: 0) }
}

private struct ClipCountRow: RowDecodable {
    let clipID: ID<Clip>
    let count: Int

    init(row: SQLRow) throws(StorageError) {
        clipID = try row.value(at: 0)
        count = try row.value(at: 1)
    }
}

extension ID {
    /// Reads 32 hexadecimal digits without hyphens.
    fileprivate init?(hexadecimal text: String) {
        guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}
