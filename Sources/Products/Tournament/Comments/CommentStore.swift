import Base
import Storage

/// The table of comments and that of their likes, and the lane of comments in the clips' tallies.
///
/// All writers lock in one order: case of reports, comment, its likes, tally by clip.
struct CommentStore: Sendable {
    enum Bounds {
        /// Replies that come with a comment.
        static let replies = 5
        /// Comments that one step of a removal takes.
        static let removed = 500
        /// Likes that one step of a removal takes.
        static let likes = 2_000
        /// Likes of one person that one step of an erasure takes.
        static let likesOfPerson = 500
    }

    let storage: Storage

    private var isPostgres: Bool { storage.dialect == .postgres }

    // MARK: Writing

    /// Writes a comment below a clip that anybody may see, and its parent, where it has one, with it.
    ///
    /// Returns `false` when there is no such clip or parent.
    func insert(_ comment: Comment, through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> Bool
    {
        var parent: SQL = ""
        if let parentID = comment.parentID {
            parent = """
                 AND EXISTS (SELECT 1 FROM comments p WHERE p.tenant_id = \(tenant) AND p.id = \(parentID)
                    AND p.clip_id = c.id AND p.parent_id IS NULL AND p.state = 'approved')
                """
        }
        return try await writing.execute(
            "comment.insert",
            """
            INSERT INTO comments (tenant_id, id, clip_id, person_id, parent_id, author, text, state, created_at, is_told)
            SELECT \(tenant), \(comment.id), c.id, \(comment.personID), \(comment.parentID), \(comment.author),
                \(comment.text), \(comment.state), \(comment.createdAt), \(comment.parentID == nil)
            FROM clips c WHERE c.tenant_id = \(tenant) AND c.id = \(comment.clipID)
                AND c.state IN ('active', 'winner', 'eliminated')\(sql: parent)
            """) == 1
    }

    /// Adds to the numbers of comments of clips, in one lane.
    func count(
        _ changes: [ID<Clip>: Int], lane: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let changes = changes.filter { $0.value != 0 }.sorted { $0.key < $1.key }
        guard !changes.isEmpty else { return }
        try await writing.execute(
            "comment.tally",
            """
            WITH input (clip_id, comments) AS (\(rows: SQLRows(changes, { $0.key }, { $0.value })))
            INSERT INTO clip_tallies AS t (tenant_id, clip_id, lane, comments)
            SELECT \(tenant), i.clip_id, \(lane), i.comments FROM input i WHERE true
            ON CONFLICT (tenant_id, clip_id, lane) DO UPDATE SET comments = t.comments + excluded.comments
            """)
    }

    /// A comment, locked until the transaction ends.
    func locked(
        _ id: ID<Comment>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Comment? {
        let lock: SQL = isPostgres ? " FOR UPDATE" : ""
        return try await writing.returning(
            Comment.self, "comment.locked",
            """
            SELECT \(sql: Comment.columns) FROM comments c WHERE c.tenant_id = \(tenant) AND c.id = \(id)\(sql: lock)
            """, limit: 1
        ).first
    }

    /// Puts a comment into another state.
    func decide(
        _ id: ID<Comment>, state: Comment.State, reason: String?, at time: Timestamp, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "comment.decide",
            """
            UPDATE comments SET state = \(state), reason = \(reason), decided_at = \(time)
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }

    /// Hides a comment that everybody sees; returns its clip when this call has done it.
    func flag(_ id: ID<Comment>, through writing: some Writing, in tenant: Tenant) async throws(StorageError)
        -> ID<Clip>?
    {
        try await writing.returning(
            ClipIDRow.self, "comment.flag",
            """
            UPDATE comments SET state = 'flagged' WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'approved'
            RETURNING clip_id
            """, limit: 1
        ).first?.clipID
    }

    // MARK: Likes

    /// How many people like a comment, and below which clip it stands.
    struct Liked: RowDecodable {
        let likes: Int
        let clipID: ID<Clip>

        init(row: SQLRow) throws(StorageError) {
            likes = try row.value(at: 0)
            clipID = try row.value(at: 1)
        }
    }

    /// Makes a person like a comment, or no longer; returns how many like it then, `nil` when there is no such comment.
    func setLike(
        _ wanted: Bool, of id: ID<Comment>, by person: ID<Person>, at time: Timestamp, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> Liked? {
        let changed: Int
        if wanted {
            changed = try await writing.execute(
                "comment.like",
                """
                INSERT INTO comment_likes (tenant_id, comment_id, person_id, liked_at)
                SELECT \(tenant), c.id, \(person), \(time) FROM comments c
                WHERE c.tenant_id = \(tenant) AND c.id = \(id) AND c.state = 'approved'
                ON CONFLICT (tenant_id, comment_id, person_id) DO NOTHING
                """)
        } else {
            changed = try await writing.execute(
                "comment.unlike",
                """
                DELETE FROM comment_likes
                WHERE tenant_id = \(tenant) AND comment_id = \(id) AND person_id = \(person)
                """)
        }
        let step = wanted ? changed : -changed
        return try await writing.returning(
            Liked.self, "comment.likes",
            """
            UPDATE comments SET likes = likes + \(step)
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'approved' RETURNING likes, clip_id
            """, limit: 1
        ).first
    }

    /// Takes some of a person's likes away; returns how many, fewer than ``Bounds/likesOfPerson`` when none are left.
    func removeLikes(
        of person: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        let gone = try await writing.returning(
            CommentIDRow.self, "comment.unlikeAll",
            """
            DELETE FROM comment_likes WHERE tenant_id = \(tenant) AND person_id = \(person) AND comment_id IN (
                SELECT l.comment_id FROM comment_likes l
                WHERE l.tenant_id = \(tenant) AND l.person_id = \(person)
                ORDER BY l.comment_id LIMIT \(Bounds.likesOfPerson))
            RETURNING comment_id
            """, limit: Bounds.likesOfPerson)
        try await lowerLikes(gone.map(\.id), through: writing, in: tenant)
        return gone.count
    }

    private func lowerLikes(
        _ comments: [ID<Comment>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !comments.isEmpty else { return }
        var counts: [ID<Comment>: Int] = [:]
        for id in comments { counts[id, default: 0] += 1 }
        let sorted = counts.sorted { $0.key < $1.key }
        try await writing.execute(
            "comment.lowerLikes",
            """
            WITH input (id, likes) AS (\(rows: SQLRows(sorted, { $0.key }, { $0.value })))
            UPDATE comments SET likes = comments.likes - i.likes FROM input i
            WHERE comments.tenant_id = \(tenant) AND comments.id = i.id
            """)
    }

    // MARK: Removing

    /// What one step of a removal has done.
    struct Removal: Sendable {
        /// By how much the numbers of comments change.
        var counts: [ID<Clip>: Int] = [:]
        /// Whether another step is needed.
        var hasMore = false
    }

    /// What the next step of a removal takes: replies as long as there are any, then the comments themselves.
    func targets(
        of roots: [ID<Comment>], through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> (comments: [ID<Comment>], areReplies: Bool) {
        guard !roots.isEmpty else { return ([], false) }
        let replies = try await reading.list(
            CommentIDRow.self, "comment.repliesOf",
            """
            SELECT c.id FROM comments c WHERE c.tenant_id = \(tenant) AND c.parent_id IN (\(rows: SQLRows(roots)))
            """, limit: Bounds.removed
        ).map(\.id)
        return replies.isEmpty ? (roots, false) : (replies, true)
    }

    /// Removes comments without replies and their likes, or only some of the likes when there are very many.
    ///
    /// Each step leaves every count equal to what it counts. A reply that arrives meanwhile makes the step fail with
    /// `storage.foreignKeyViolation`; it may be tried again.
    func remove(
        _ targets: [ID<Comment>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Removal {
        guard !targets.isEmpty else { return Removal() }
        let likes = try await writing.returning(
            CommentIDRow.self, "comment.removeLikes",
            """
            DELETE FROM comment_likes WHERE tenant_id = \(tenant) AND (comment_id, person_id) IN (
                SELECT l.comment_id, l.person_id FROM comment_likes l
                WHERE l.tenant_id = \(tenant) AND l.comment_id IN (\(rows: SQLRows(targets))) LIMIT \(Bounds.likes))
            RETURNING comment_id
            """, limit: Bounds.likes)
        if likes.count == Bounds.likes {
            try await lowerLikes(likes.map(\.id), through: writing, in: tenant)
            return Removal(hasMore: true)
        }
        let gone = try await writing.returning(
            StateRow.self, "comment.remove",
            """
            DELETE FROM comments WHERE tenant_id = \(tenant) AND id IN (\(rows: SQLRows(targets)))
            RETURNING clip_id, state
            """, limit: targets.count)
        var removal = Removal()
        for row in gone { removal.counts[row.clipID, default: 0] += Comment.countChange(from: row.state, to: nil) }
        return removal
    }

    /// Some of a person's comments, the oldest first.
    func ids(
        of person: ID<Person>, limit: Int, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Comment>] {
        try await reading.list(
            CommentIDRow.self, "comment.idsOfPerson",
            """
            SELECT c.id FROM comments c WHERE c.tenant_id = \(tenant) AND c.person_id = \(person) ORDER BY c.id
            """, limit: limit
        ).map(\.id)
    }
}

extension Comment: RowDecodable {
    static let columns: SQL = """
        c.id, c.clip_id, c.person_id, c.parent_id, c.author, c.text, c.state, c.likes, c.reason, c.created_at
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), clipID: try row.value(at: 1), personID: try row.value(at: 2),
            parentID: try row.optional(at: 3), author: try row.value(at: 4), text: try row.value(at: 5),
            state: try row.value(at: 6), likes: try row.value(at: 7), reason: try row.optional(at: 8),
            createdAt: try row.value(at: 9))
    }
}

private struct CommentIDRow: RowDecodable {
    let id: ID<Comment>

    init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
}

private struct ClipIDRow: RowDecodable {
    let clipID: ID<Clip>

    init(row: SQLRow) throws(StorageError) { clipID = try row.value(at: 0) }
}

private struct StateRow: RowDecodable {
    let clipID: ID<Clip>
    let state: Comment.State

    init(row: SQLRow) throws(StorageError) {
        clipID = try row.value(at: 0)
        state = try row.value(at: 1)
    }
}
