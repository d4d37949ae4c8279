import Base
import Web

/// The timetable over HTTP.
struct SlotRoutes: Sendable {
    let house: Playhouse

    var routes: [Route] { [season, slots, slot, close] }

    private static let missing = Failure("tournament.notFound", 404, "There is nothing of this id.")
    private static let limit = RouteLimit.per(.address, "tournament.timetable", 6_000)

    private struct SeasonAnswer: Output {
        struct TrackItem: Encodable {
            let id: ID<Track>
            let name: String
        }

        static let shape = Shape.object([
            .body("id", .id), .body("title", .text), .body("slotHours", .integer), .body("dailyWeight", .integer),
            .body("freezeSeconds", .integer), .body("votersMinimum", .integer), .body("isBlind", .boolean),
            .body("timeZone", .text), .body("tieRule", .text),
            .body("tracks", .list(.object([.body("id", .id), .body("name", .text)]))),
            .body("slot", optional: SlotOutput.shape),
        ])

        let id: ID<Season>
        let title: String
        let slotHours: Int
        let dailyWeight: Int
        let freezeSeconds: Int
        let votersMinimum: Int
        let isBlind: Bool
        let timeZone: String
        let tieRule = TieRule.statement
        let tracks: [TrackItem]
        let slot: SlotOutput?
    }

    private var season: Route {
        Route(
            .get, "/seasons/current", "tournament.readSeason", "Tells which season is on, its rules and its slot.",
            policy: .anyone, limit: Self.limit, budget: 0,
            cache: .publicFor(.seconds(60), staleWhileRevalidate: .seconds(30)), failures: [Self.missing]
        ) { [house] (request: Request<NoInput>) in
            let tenant = request.context.tenant
            guard let programme = try await house.timetable.programme(in: tenant), let main = programme.main else {
                throw Problem(TournamentError(.notFound, "No season is on."))
            }
            let rules = programme.season.rules
            let slot = try await house.timetable.currentSlot(of: main.id, in: tenant)
            return SeasonAnswer(
                id: programme.season.id, title: programme.season.title, slotHours: rules.slotHours,
                dailyWeight: rules.dailyWeight, freezeSeconds: rules.freezeSeconds, votersMinimum: rules.votersMinimum,
                isBlind: rules.isBlind, timeZone: rules.timeZone,
                tracks: programme.tracks.map { SeasonAnswer.TrackItem(id: $0.id, name: $0.name) },
                slot: slot.map { SlotOutput($0) })
        }
    }

    private struct OfTrack: Input {
        static let fields: [Field] = [.path("id", .id, "The track.")]

        let id: ID<Track>
    }

    private struct SlotsAnswer: Output {
        static let shape = Shape.object([.body("slots", .list(SlotOutput.shape))])

        let slots: [SlotOutput]
    }

    private var slots: Route {
        Route(
            .get, "/tracks/{id}/slots", "tournament.listSlots", "Lists the slots of a track in order.",
            policy: .anyone, limit: Self.limit, budget: 0,
            cache: .publicFor(.seconds(5), staleWhileRevalidate: .seconds(30))
        ) { [house] (request: Request<OfTrack>) in
            let slots = try await house.timetable.slots(of: request.input.id, in: request.context.tenant)
            return SlotsAnswer(slots: slots.map { SlotOutput($0) })
        }
    }

    private struct OfSlot: Input {
        static let fields: [Field] = [.path("id", .id, "The slot.")]

        let id: ID<Slot>
    }

    private var slot: Route {
        Route(
            .get, "/slots/{id}", "tournament.readSlot", "Tells of a slot.", policy: .anyone, limit: Self.limit,
            budget: 1, cache: .publicFor(.seconds(5), staleWhileRevalidate: .seconds(30)), failures: [Self.missing]
        ) { [house] (request: Request<OfSlot>) in
            guard let slot = try await house.timetable.slot(request.input.id, in: request.context.tenant) else {
                throw Problem(TournamentError(.notFound, "There is no such slot."))
            }
            return SlotOutput(slot)
        }
    }

    private var close: Route {
        Route(
            .post, "/slots/{id}/close", "tournament.endSlot", "Ends voting in a slot now and counts it.",
            policy: .role(.administrator), limit: .per(.person, "tournament.admin", 50), budget: 40,
            failures: [
                Self.missing, Failure("tournament.slotClosed", 409, "The slot is not being voted on."),
            ]
        ) { [house] (request: Request<OfSlot>) in
            SlotOutput(try await house.close(request.input.id, in: request.context.tenant))
        }
    }
}
