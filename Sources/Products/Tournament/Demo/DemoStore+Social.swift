import Base
import Storage

extension DemoStore {
    /// Writes what people said, liked, followed and reported, and the numbers that follow from it.
    func insert(
        _ social: DemoSocial, lane: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        // A reply stands behind what it replies to; both are in order of their ids, which are in order of time.
        let replies = social.comments.filter { $0.parentID != nil }
        for part in parts(social.comments.filter { $0.parentID == nil }) + parts(replies) {
            try await insert(comments: part, through: writing, in: tenant)
        }
        for part in parts(social.likes) {
            try await writing.execute(
                "demo.likes",
                """
                WITH input (comment_id, person_id, liked_at)
                    AS (\(rows: SQLRows(part, { $0.commentID }, { $0.personID }, { $0.at })))
                INSERT INTO comment_likes (tenant_id, comment_id, person_id, liked_at)
                SELECT \(tenant), i.comment_id, i.person_id, i.liked_at FROM input i
                """)
        }
        for part in parts(social.follows) {
            try await writing.execute(
                "demo.follows",
                """
                WITH input (follower_id, person_id, followed_at)
                    AS (\(rows: SQLRows(part, { $0.followerID }, { $0.personID }, { $0.at })))
                INSERT INTO follows (tenant_id, follower_id, person_id, followed_at)
                SELECT \(tenant), i.follower_id, i.person_id, i.followed_at FROM input i
                """)
        }
        try await insert(reports: social.reports, through: writing, in: tenant)
        var counts: [ID<Clip>: Int] = [:]
        for comment in social.comments {
            counts[comment.clipID, default: 0] += Comment.countChange(from: nil, to: comment.state)
        }
        try await CommentStore(storage: storage).count(counts, lane: lane, through: writing, in: tenant)
    }

    private func insert(
        comments: [Comment], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !comments.isEmpty else { return }
        let rows = SQLRows(
            comments, { $0.id }, { $0.clipID }, { $0.personID }, { $0.parentID }, { $0.author }, { $0.text },
            { $0.state }, { $0.likes }, { $0.reason }, { $0.createdAt })
        try await writing.execute(
            "demo.comments",
            """
            WITH input (id, clip_id, person_id, parent_id, author, text, state, likes, reason, created_at)
                AS (\(rows: rows))
            INSERT INTO comments (tenant_id, id, clip_id, person_id, parent_id, author, text, state, likes, reason,
                created_at)
            SELECT \(tenant), i.id, i.clip_id, i.person_id, i.parent_id, i.author, i.text, i.state, i.likes, i.reason,
                i.created_at FROM input i
            """)
    }

    private func insert(
        reports: [DemoSocial.Report], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !reports.isEmpty else { return }
        let rows = SQLRows(reports, { $0.commentID }, { $0.personID }, { $0.reason }, { $0.at })
        try await writing.execute(
            "demo.reports",
            """
            WITH input (target_id, person_id, reason, reported_at) AS (\(rows: rows))
            INSERT INTO reports (tenant_id, kind, target_id, person_id, reason, is_open, reported_at)
            SELECT \(tenant), 'comment', i.target_id, i.person_id, i.reason, true, i.reported_at FROM input i
            """)
        let cases = Dictionary(grouping: reports, by: \.commentID).sorted { $0.key < $1.key }
        let open = SQLRows(cases, { $0.key }, { $0.value.count }, { $0.value.map(\.at).min() ?? .epoch })
        try await writing.execute(
            "demo.reportCases",
            """
            WITH input (target_id, open_reports, opened_at) AS (\(rows: open))
            INSERT INTO report_cases (tenant_id, kind, target_id, open_reports, opened_at)
            SELECT \(tenant), 'comment', i.target_id, i.open_reports, i.opened_at FROM input i
            """)
    }

    /// What people have done, as it would have been added up.
    struct Tally: Sendable {
        var person: ID<Person>
        var tally = PersonTally()
    }

    func insert(
        tallies: [Tally], mark: PersonStore.Mark, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        for part in parts(tallies) {
            let rows = SQLRows(
                part, { $0.person }, { $0.tally.votesCast }, { $0.tally.weightCast }, { $0.tally.clips },
                { $0.tally.wins }, { $0.tally.streakDays }, { $0.tally.streakBest }, { $0.tally.lastDay },
                { $0.tally.followers }, { $0.tally.following })
            try await writing.execute(
                "demo.tallies.people",
                """
                WITH input (person_id, votes_cast, weight_cast, clips, wins, streak_days, streak_best, last_day,
                    followers, following) AS (\(rows: rows))
                INSERT INTO person_tallies (tenant_id, person_id, votes_cast, weight_cast, clips, wins, streak_days,
                    streak_best, last_day, followers, following)
                SELECT \(tenant), i.person_id, i.votes_cast, i.weight_cast, i.clips, i.wins, i.streak_days,
                    i.streak_best, i.last_day, i.followers, i.following FROM input i
                """)
        }
        try await PersonStore(storage: storage).mark(mark, through: writing, in: tenant)
    }

    private func parts<Element>(_ elements: [Element]) -> [[Element]] {
        stride(from: 0, to: elements.count, by: 1_000).map { Array(elements[$0..<min($0 + 1_000, elements.count)]) }
    }
}
