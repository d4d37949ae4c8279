import Base
import Hosting
import Storage
import Web

/// What a director decides over HTTP: seasons and switches.
struct SeasonRoutes: Sendable {
    let house: Playhouse
    /// Decides about a feature in a tenant.
    let setFlag: @Sendable (String, Bool, Tenant) async throws -> Void

    var routes: [Route] { [create, flag] }

    private struct Create: Input {
        static let fields: [Field] = [
            .body("title", .text(1...120), "The season's name."),
            .body("slots", optional: .integer(1...500), default: 75, "How many scenes the film has."),
            .body("slotHours", optional: .integer(1...336), default: 24, "How long each slot lasts."),
            .body("dailyWeight", optional: .integer(10...10_000), default: 200, "What a voter may spend a day."),
            .body("votersMinimum", optional: .integer(0...1_000), default: 20, "Voters that a winner needs."),
            .body("reviewMinutes", optional: .integer(0...1_440), default: 60, "How long a result is provisional."),
            .body("isBlind", optional: .boolean, default: false, "Whether totals of open slots stay hidden."),
            .body("timeZone", optional: .text(1...64), default: "UTC", "Whose midnight renews the daily weight."),
            .body("opensAt", optional: .timestamp, "When the first slot opens; now when left out."),
        ]

        let title: String
        let slots: Int
        let slotHours: Int
        let dailyWeight: Int
        let votersMinimum: Int
        let reviewMinutes: Int
        let isBlind: Bool
        let timeZone: String
        let opensAt: Timestamp?
    }

    private struct Created: Output {
        static let shape = Shape.object([.body("id", .id), .body("trackId", .id), .body("slots", .integer)])

        let id: ID<Season>
        let trackId: ID<Track>
        let slots: Int
    }

    private var create: Route {
        Route(
            .post, "/seasons", "tournament.createSeason", "Begins a season with one track of slots.",
            policy: .role(.administrator), limit: .per(.person, "tournament.admin", 50), budget: 5, status: 201,
            failures: [
                Failure("tournament.seasonExists", 409, "Another season is on."),
                Failure("tournament.invalidSeason", 422, "The rules cannot be promised."),
            ]
        ) { [house] (request: Request<Create>) in
            let input = request.input
            var rules = SeasonRules()
            rules.slotHours = input.slotHours
            rules.dailyWeight = input.dailyWeight
            rules.votersMinimum = input.votersMinimum
            rules.reviewMinutes = input.reviewMinutes
            rules.isBlind = input.isBlind
            rules.timeZone = input.timeZone
            guard rules.faults.isEmpty else {
                throw Problem(
                    "tournament.invalidSeason", "The rules of the season cannot be promised.",
                    errors: rules.faults.map {
                        FieldError(field: $0.field, code: "invalid", detail: "\($0.field) \($0.message).")
                    })
            }
            let plan = SeasonPlan(
                title: input.title, rules: rules, slots: input.slots, opensAt: input.opensAt ?? house.clock.now(),
                at: house.clock.now(), using: house.randomness)
            do {
                try await plan.insert(into: house, for: request.context.tenant)
            } catch let error as StorageError where error.code == .uniqueViolation {
                throw Problem(TournamentError(.seasonExists, "Another season is on: it has to end first."))
            }
            return Created(id: plan.season.id, trackId: plan.track.id, slots: plan.slots.count)
        }
    }

    private struct Switch: Input {
        static let fields: [Field] = [
            .path("key", .choice(Playhouse.Flags.all.map(\.key)), "The feature."),
            .body("isEnabled", .boolean, "Whether it is on."),
        ]

        let key: String
        let isEnabled: Bool
    }

    private struct Switched: Output {
        static let shape = Shape.object([.body("key", .text), .body("isEnabled", .boolean)])

        let key: String
        let isEnabled: Bool
    }

    private var flag: Route {
        Route(
            .put, "/flags/{key}", "tournament.setFlag", "Switches a feature on or off in this tenant.",
            policy: .role(.administrator), limit: .per(.person, "tournament.admin", 50), budget: 1
        ) { [setFlag] (request: Request<Switch>) in
            try await setFlag(request.input.key, request.input.isEnabled, request.context.tenant)
            return Switched(key: request.input.key, isEnabled: request.input.isEnabled)
        }
    }
}

/// A season with one track, made in one go.
struct SeasonPlan: Sendable {
    let season: Season
    let track: Track
    let slots: [Slot]
    let salt: [UInt8]

    init(
        title: String, rules: SeasonRules, slots count: Int, opensAt: Timestamp, at now: Timestamp,
        using randomness: any Randomness
    ) {
        let chance = AnyRandomness(randomness)
        let season = Season(id: ID(at: now, using: chance), title: title, state: .active, rules: rules, createdAt: now)
        let track = Track(id: ID(at: now, using: chance), seasonID: season.id, name: "main", weight: 1)
        self.season = season
        self.track = track
        slots = (0..<count).map { index in
            let start = opensAt + rules.slotLength * index
            let end = start + rules.slotLength
            return Slot(
                id: ID(at: now, using: chance), seasonID: season.id, trackID: track.id, position: index + 1,
                state: .upcoming, opensAt: start, freezesAt: end - rules.freeze, closesAt: end, extensions: 0)
        }
        salt = chance.bytes(32)
    }

    /// Writes all of it in one transaction; the first slot is then due at its time.
    func insert(into house: Playhouse, for tenant: Tenant) async throws {
        try await house.storage.write(for: tenant) { transaction in
            try await house.timetable.seasons.insert(
                season, salt: salt, tracks: [track], through: transaction, in: tenant)
            try await house.timetable.slots.insert(
                slots.map { ($0, $0.position == 1 ? $0.opensAt : nil) }, through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: Timetable.Tag.season))
        }
    }
}
