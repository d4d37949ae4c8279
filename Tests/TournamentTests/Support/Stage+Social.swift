import Base
import Foundation
import Storage
import Testing
import Web
import WebTestKit

@testable import Tournament

/// The product's comment, which tests mean when they say so, and not that of Testing.
typealias Comment = Tournament.Comment

extension Stage {
    func person(_ number: Int) -> ID<Person> { ID(high: 0x7E50, low: UInt64(number)) }

    /// API, pages and assets, as a browser sees them.
    func fullSite() async throws -> TestSite {
        let tenant = tenant
        let pages = try Pages(
            [.web, TournamentPages.bundle],
            chrome: SiteChrome(
                name: "Open Reel", home: Addresses.feed, navigation: TournamentPages.navigation,
                signInPath: "/sign-in"), clock: clock)
        return try await TestSite(
            TournamentProduct.api(house, flags: flags) + PageRoutes(house: house).routes
                + FlagPageRoutes(house: house, flags: flags).routes + [pages.assets.route],
            clock: clock, pages: pages
        ) { $0.tenants = SingleTenant(tenant) }
    }

    /// Sends a form as a browser does that has loaded a page before.
    func send(
        _ fields: [String: String], to path: String, from page: String, on site: TestSite,
        as session: (name: String, value: String)
    ) async throws -> PerformedAnswer {
        let shown = try await site.get(page, headers: [session])
        #expect(shown.status == 200, "\(page): \(shown.text.prefix(300))")
        let token = try #require(shown.text.firstMatch(of: /name="formToken" value="([^"]+)"/))
        let body = (fields.map { ($0.key, $0.value) } + [("formToken", String(token.1))]).map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }.joined(separator: "&")
        return try await site.request(
            "POST", path, headers: [("content-type", "application/x-www-form-urlencoded"), session],
            body: Array(body.utf8))
    }

    func post(
        _ text: String, on clip: Clip, by person: ID<Person>, replyingTo parent: ID<Comment>? = nil,
        state: Comment.State = .approved, node: Playhouse? = nil
    ) async throws -> Comment {
        try await (node ?? house).comments.post(
            CommentDesk.Draft(
                clipID: clip.id, parentID: parent, personID: person, author: "Person \(person.low)",
                text: CommentText(text), state: state), in: tenant)
    }

    func report(_ comment: ID<Comment>, by person: ID<Person>, node: Playhouse? = nil) async throws
        -> ReportDesk.Outcome
    {
        try await (node ?? house).reports.report(
            ReportTarget(kind: .comment, id: comment.cast(to: ID<ReportTarget>.self)), reason: "Rude.", by: person,
            in: tenant)
    }

    /// Numbers that differ from what they count, each with its name; empty when all is true.
    func socialFaults() async throws -> [String] {
        var faults: [String] = []
        for (name, query) in commentChecks + peopleChecks {
            let wrong = try await storage.reader(for: tenant).list(TextRow.self, "check.social", query, limit: 100)
            if !wrong.isEmpty { faults.append("\(name): \(wrong.count)") }
        }
        return faults
    }

    private var commentChecks: [(String, SQL)] {
        [
            (
                "comments of clips",
                """
                SELECT CAST(k.clip_id AS text) FROM (SELECT clip_id FROM clip_tallies WHERE tenant_id = \(tenant)
                    UNION SELECT clip_id FROM comments WHERE tenant_id = \(tenant)) k
                WHERE (SELECT coalesce(sum(t.comments), 0) FROM clip_tallies t
                        WHERE t.tenant_id = \(tenant) AND t.clip_id = k.clip_id)
                    <> (SELECT count(*) FROM comments c WHERE c.tenant_id = \(tenant) AND c.clip_id = k.clip_id
                        AND c.state = 'approved')
                """
            ),
            (
                "likes",
                """
                SELECT CAST(c.id AS text) FROM comments c WHERE c.tenant_id = \(tenant) AND c.likes <> (
                    SELECT count(*) FROM comment_likes l WHERE l.tenant_id = \(tenant) AND l.comment_id = c.id)
                """
            ),
            (
                "likes of nothing",
                """
                SELECT CAST(l.comment_id AS text) FROM comment_likes l WHERE l.tenant_id = \(tenant) AND NOT EXISTS (
                    SELECT 1 FROM comments c WHERE c.tenant_id = \(tenant) AND c.id = l.comment_id)
                """
            ),
            (
                "cases",
                """
                SELECT CAST(k.target_id AS text) FROM report_cases k WHERE k.tenant_id = \(tenant)
                    AND k.open_reports <> (SELECT count(*) FROM reports r WHERE r.tenant_id = \(tenant)
                        AND r.kind = k.kind AND r.target_id = k.target_id AND r.is_open)
                """
            ),
        ]
    }

    private var peopleChecks: [(String, SQL)] {
        [
            (
                "follows",
                """
                SELECT CAST(p.person_id AS text) FROM (
                    SELECT person_id FROM person_tallies WHERE tenant_id = \(tenant)
                    UNION SELECT person_id FROM follows WHERE tenant_id = \(tenant)
                    UNION SELECT follower_id FROM follows WHERE tenant_id = \(tenant)) p
                LEFT JOIN person_tallies t ON t.tenant_id = \(tenant) AND t.person_id = p.person_id
                WHERE coalesce(t.followers, 0) <> (SELECT count(*) FROM follows f
                        WHERE f.tenant_id = \(tenant) AND f.person_id = p.person_id)
                    OR coalesce(t.following, 0) <> (SELECT count(*) FROM follows f
                        WHERE f.tenant_id = \(tenant) AND f.follower_id = p.person_id)
                """
            ),
            (
                "wins",
                """
                SELECT CAST(t.person_id AS text) FROM person_tallies t WHERE t.tenant_id = \(tenant)
                    AND t.wins <> (SELECT count(*) FROM winners w
                        JOIN clips c ON c.tenant_id = \(tenant) AND c.id = w.clip_id
                        WHERE w.tenant_id = \(tenant) AND c.person_id = t.person_id)
                """
            ),
            (
                "points",
                """
                SELECT CAST(t.person_id AS text) FROM person_tallies t WHERE t.tenant_id = \(tenant)
                    AND t.points <> t.votes_cast + 25 * t.clips + 250 * t.wins + 5 * t.streak_best
                """
            ),
        ]
    }

    /// How many rows a query finds.
    func count(_ query: SQL) async throws -> Int {
        try await storage.reader(for: tenant).list(TextRow.self, "check.count", query, limit: 10_000).count
    }
}
