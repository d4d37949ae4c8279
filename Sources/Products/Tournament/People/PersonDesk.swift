import Base
import Caching
import Foundation
import Storage

/// Knows people by name and number, and who follows whom.
final class PersonDesk: Sendable {
    enum Bounds {
        /// Clips that a profile shows.
        static let clips = 24
        /// Votes and comments in a page of one's own.
        static let page = 20
    }

    /// What is remembered of a person: the standing by which others know them.
    struct Standing: Sendable, Hashable {
        let name: String
    }

    let store: PersonStore
    let follows: FollowStore
    private let storage: Storage
    private let clips: ClipStore
    private let comments: CommentStore
    private let timetable: Timetable
    private let clock: any WallClock
    private let nameOf: PersonNaming
    private let standings: Cache<ID<Person>, Standing?>

    init(
        storage: Storage, timetable: Timetable, caches: CacheRegistry, clock: any WallClock,
        nameOf: @escaping PersonNaming
    ) {
        self.storage = storage
        self.timetable = timetable
        self.clock = clock
        self.nameOf = nameOf
        store = PersonStore(storage: storage)
        follows = FollowStore(storage: storage)
        clips = timetable.clips
        comments = CommentStore(storage: storage)
        standings = Cache(
            "tournament.standing",
            CacheOptions(
                ttl: .seconds(900), capacity: 100_000, tags: { [Self.tag($0)] }), in: caches)
    }

    /// The tag by which a change of a person reaches the cache.
    static func tag(_ person: ID<Person>) -> String { "tournament.person:\(person)" }

    /// The name of a person: that of the account, else the one under which films or comments name them; `nil` for
    /// nobody.
    func name(of person: ID<Person>, in tenant: Tenant) async throws -> String? {
        try await standings.value(for: person, in: tenant) { [nameOf, clips, comments] in
            try await shared {
                if let name = try await nameOf(person, tenant) { return Standing(name: name) }
                if let credit = try await clips.credits(of: [person], in: tenant)[person] {
                    return Standing(name: credit)
                }
                return try await comments.author(of: person, in: tenant).map { Standing(name: $0) }
            }
        }?.name
    }

    /// The local day that is on.
    func today(in tenant: Tenant) async throws -> CalendarDay {
        CalendarDay(of: clock.now(), in: try await timetable.programme(in: tenant)?.season.rules.zone ?? .gmt)
    }

    /// A person's numbers: one statement.
    func stats(of person: ID<Person>, seenBy viewer: ID<Person>?, in tenant: Tenant) async throws -> PersonStats {
        try await store.stats(of: person, seenBy: viewer, on: try await today(in: tenant), in: tenant)
    }

    /// A person's numbers where there is such a person.
    ///
    /// - Throws: `tournament.notFound` for nobody.
    func profile(
        of person: ID<Person>, seenBy viewer: ID<Person>?, in tenant: Tenant
    ) async throws -> (name: String, stats: PersonStats) {
        let stats = try await stats(of: person, seenBy: viewer, in: tenant)
        guard let name = try await name(of: person, in: tenant) ?? (person == viewer ? "You" : nil) else {
            throw TournamentError(.notFound, "There is no such person here, or not any more.")
        }
        return (name, stats)
    }

    /// Makes a person follow another, or no longer.
    ///
    /// May be repeated.
    ///
    /// - Throws: `tournament.notFound` for nobody, `tournament.followInvalid` for oneself.
    func setFollow(
        _ wanted: Bool, of person: ID<Person>, by follower: ID<Person>, in tenant: Tenant
    ) async throws {
        guard person != follower else {
            throw TournamentError(.followInvalid, "Nobody follows themselves.")
        }
        if wanted, try await name(of: person, in: tenant) == nil {
            throw TournamentError(.notFound, "There is no such person here, or not any more.")
        }
        let now = clock.now()
        try await storage.write(for: tenant) { transaction in
            try await follows.set(wanted, follower, follows: person, at: now, through: transaction, in: tenant)
        }
    }
}

/// Gives the name of a person who has an account in a tenant; `nil` for others.
typealias PersonNaming = @Sendable (ID<Person>, Tenant) async throws -> String?
