import Base
import Storage

/// Reads everything that the product keeps about a person, for an export: `account.export`.
///
/// Each kind of record is streamed in chunks, so that a person with a million votes costs no memory.
struct OwnDataStore: Sendable {
    /// Takes one record.
    typealias Emit = (_ kind: String, _ value: any Encodable & Sendable) async throws -> Void

    /// A kind of record: what it is called in the export, and how its rows are read.
    struct Part: Sendable {
        let kind: String
        let name: StaticString
        let record: any OwnRecord.Type
        let sql: SQL

        init(_ kind: String, _ name: StaticString, _ record: any OwnRecord.Type, _ sql: SQL) {
            self.kind = kind
            self.name = name
            self.record = record
            self.sql = sql
        }
    }

    let storage: Storage

    func export(_ person: ID<Person>, in tenant: Tenant, _ emit: Emit) async throws {
        for part in Self.works(of: person, in: tenant) + Self.relations(of: person, in: tenant) {
            try await storage.read(for: tenant) { transaction in
                try await transaction.stream(part.name, part.sql, chunkRows: 500) { rows in
                    for index in 0..<rows.rowCount {
                        try await emit(part.kind, try part.record.init(row: SQLRow(source: rows, index: index)))
                    }
                }
            }
        }
    }

    /// What a person has made and done.
    private static func works(of person: ID<Person>, in tenant: Tenant) -> [Part] {
        let voter = Voter(person: person, in: tenant).id
        return [
            Part(
                "tally", "ownData.tally", TallyRecord.self,
                """
                SELECT t.votes_cast, t.weight_cast, t.clips, t.wins, t.streak_days, t.streak_best, t.points,
                    t.followers, t.following
                FROM person_tallies t WHERE t.tenant_id = \(tenant) AND t.person_id = \(person)
                """),
            Part(
                "clip", "ownData.clips", ClipRecord.self,
                """
                SELECT c.id, c.slot_id, c.title, c.genre, c.state, c.active_at, c.milliseconds, c.bytes, c.files
                FROM clips c WHERE c.tenant_id = \(tenant) AND c.person_id = \(person) ORDER BY c.id
                """),
            Part(
                "comment", "ownData.comments", CommentRecord.self,
                """
                SELECT c.id, c.clip_id, c.parent_id, c.text, c.state, c.likes, c.reason, c.created_at
                FROM comments c WHERE c.tenant_id = \(tenant) AND c.person_id = \(person) ORDER BY c.id
                """),
            Part(
                "vote", "ownData.votes", VoteRecord.self,
                """
                SELECT v.id, v.slot_id, v.clip_id, v.kind, v.weight, v.cast_at, v.withdrawn_at,
                    v.removal_id IS NOT NULL
                FROM votes v WHERE v.tenant_id = \(tenant) AND v.voter_id = \(voter) ORDER BY v.cast_at
                """),
        ]
    }

    /// What leads from a person to others.
    private static func relations(of person: ID<Person>, in tenant: Tenant) -> [Part] {
        [
            Part(
                "like", "ownData.likes", LikeRecord.self,
                """
                SELECT l.comment_id, l.liked_at FROM comment_likes l
                WHERE l.tenant_id = \(tenant) AND l.person_id = \(person) ORDER BY l.comment_id
                """),
            Part(
                "follow", "ownData.follows", FollowRecord.self,
                """
                SELECT f.person_id, f.followed_at FROM follows f
                WHERE f.tenant_id = \(tenant) AND f.follower_id = \(person) ORDER BY f.person_id
                """),
            Part(
                "report", "ownData.reports", ReportRecord.self,
                """
                SELECT r.kind, r.target_id, r.reason, r.reported_at FROM reports r
                WHERE r.tenant_id = \(tenant) AND r.person_id = \(person) ORDER BY r.kind, r.target_id
                """),
            Part(
                "reminder", "ownData.reminders", ReminderRecord.self,
                """
                SELECT r.slot_id, r.asked_at FROM slot_reminders r
                WHERE r.tenant_id = \(tenant) AND r.person_id = \(person) ORDER BY r.slot_id
                """),
        ]
    }
}

/// A row that an export hands over as it is.
protocol OwnRecord: Encodable, RowDecodable, Sendable {}

private struct TallyRecord: OwnRecord {
    let votesCast: Int
    let weightCast: Int
    let clips: Int
    let wins: Int
    let streakDays: Int
    let streakBest: Int
    let points: Int
    let followers: Int
    let following: Int

    init(row: SQLRow) throws(StorageError) {
        votesCast = try row.value(at: 0)
        weightCast = try row.value(at: 1)
        clips = try row.value(at: 2)
        wins = try row.value(at: 3)
        streakDays = try row.value(at: 4)
        streakBest = try row.value(at: 5)
        points = try row.value(at: 6)
        followers = try row.value(at: 7)
        following = try row.value(at: 8)
    }
}

private struct ClipRecord: OwnRecord {
    let id: ID<Clip>
    let slot: ID<Slot>
    let title: String
    let genre: String
    let state: String
    let activeAt: Timestamp
    let milliseconds: Int
    let bytes: Int
    let files: Clip.Files

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        slot = try row.value(at: 1)
        title = try row.value(at: 2)
        genre = try row.value(at: 3)
        state = try row.value(at: 4)
        activeAt = try row.value(at: 5)
        milliseconds = try row.value(at: 6)
        bytes = try row.value(at: 7)
        files = try StoredJSON.read(try row.value(at: 8))
    }
}

private struct CommentRecord: OwnRecord {
    let id: ID<Comment>
    let clip: ID<Clip>
    let parent: ID<Comment>?
    let text: String
    let state: String
    let likes: Int
    let reason: String?
    let createdAt: Timestamp

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        clip = try row.value(at: 1)
        parent = try row.optional(at: 2)
        text = try row.value(at: 3)
        state = try row.value(at: 4)
        likes = try row.value(at: 5)
        reason = try row.optional(at: 6)
        createdAt = try row.value(at: 7)
    }
}

private struct VoteRecord: OwnRecord {
    let id: ID<Vote>
    let slot: ID<Slot>
    let clip: ID<Clip>
    let kind: Vote.Kind
    let weight: Int
    let castAt: Timestamp
    let withdrawnAt: Timestamp?
    let isRemoved: Bool

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        slot = try row.value(at: 1)
        clip = try row.value(at: 2)
        kind = try row.value(at: 3)
        weight = try row.value(at: 4)
        castAt = try row.value(at: 5)
        withdrawnAt = try row.optional(at: 6)
        isRemoved = try row.value(at: 7)
    }
}

private struct LikeRecord: OwnRecord {
    let comment: ID<Comment>
    let likedAt: Timestamp

    init(row: SQLRow) throws(StorageError) {
        comment = try row.value(at: 0)
        likedAt = try row.value(at: 1)
    }
}

private struct FollowRecord: OwnRecord {
    let person: ID<Person>
    let followedAt: Timestamp

    init(row: SQLRow) throws(StorageError) {
        person = try row.value(at: 0)
        followedAt = try row.value(at: 1)
    }
}

private struct ReportRecord: OwnRecord {
    let kind: String
    let target: ID<ReportTarget>
    let reason: String
    let reportedAt: Timestamp

    init(row: SQLRow) throws(StorageError) {
        kind = try row.value(at: 0)
        target = try row.value(at: 1)
        reason = try row.value(at: 2)
        reportedAt = try row.value(at: 3)
    }
}

private struct ReminderRecord: OwnRecord {
    let slot: ID<Slot>
    let askedAt: Timestamp

    init(row: SQLRow) throws(StorageError) {
        slot = try row.value(at: 0)
        askedAt = try row.value(at: 1)
    }
}
