import Base
import Web

/// Promises and their clocks over HTTP.
struct ServiceLevelRoutes: Sendable {
    let office: Office

    var routes: [Route] { [list, make, remove, clocks] }

    private struct LevelOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("name", .text), .body("firstMinutes", optional: .integer),
            .body("nextMinutes", optional: .integer), .body("resolutionMinutes", optional: .integer),
            .body("channelIds", .list(.id)), .body("hoursId", optional: .id),
        ]
        static let shape = Shape.object(fields)

        let id: ID<ServiceLevel>
        let name: String
        let firstMinutes: Int?
        let nextMinutes: Int?
        let resolutionMinutes: Int?
        let channelIds: [ID<Channel>]
        let hoursId: ID<BusinessHours>?

        init(_ level: ServiceLevel) {
            id = level.id
            name = level.name
            firstMinutes = level.first
            nextMinutes = level.next
            resolutionMinutes = level.resolution
            channelIds = level.channels
            hoursId = level.hours
        }
    }

    private struct LevelsOutput: Output {
        static let shape = Shape.object([.body("serviceLevels", .list(.object(LevelOutput.fields)))])

        let serviceLevels: [LevelOutput]
    }

    private var list: Route {
        Route(
            .get, "/service-levels", "inbox.listServiceLevels", "Lists how soon the company promises to answer.",
            policy: .signedIn, limit: Rates.reading, budget: 1
        ) { [office] (request: Request<NoInput>) in
            LevelsOutput(serviceLevels: try await office.promises.levels(in: request.tenant).map(LevelOutput.init))
        }
    }

    private struct MakeInput: Input {
        static let fields: [Field] = [
            .body("name", .text(1...ServiceLevel.Bounds.nameCharacters)),
            .body(
                "firstMinutes", optional: .integer(ServiceLevel.Bounds.minutes),
                "Open minutes until a person answers for the first time."),
            .body(
                "nextMinutes", optional: .integer(ServiceLevel.Bounds.minutes),
                "Open minutes until a person answers what comes after that."),
            .body(
                "resolutionMinutes", optional: .integer(ServiceLevel.Bounds.minutes),
                "Open minutes until it is closed."),
            .body(
                "channelIds", optional: .list(.id, 0...ServiceLevel.Bounds.channels),
                "The channels that it holds for; all without."),
            .body("hoursId", optional: .id, "The hours that count; the usual ones without."),
        ]

        let name: String
        let firstMinutes: Int?
        let nextMinutes: Int?
        let resolutionMinutes: Int?
        let channelIds: [ID<Channel>]?
        let hoursId: ID<BusinessHours>?
    }

    private var make: Route {
        Route(
            .post, "/service-levels", "inbox.makeServiceLevel",
            "Promises how soon people answer, for what happens from now on.", policy: .signedIn,
            limit: Rates.writing, budget: 2, status: 201,
            failures: [Failures.notAllowed, Failures.setting, Failures.named, Failures.limit]
        ) { [office] (request: Request<MakeInput>) in
            let input = request.input
            return try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let draft = SlaDesk.LevelDraft(
                    name: input.name, first: input.firstMinutes, next: input.nextMinutes,
                    resolution: input.resolutionMinutes, channels: input.channelIds ?? [], hours: input.hoursId)
                return LevelOutput(try await office.promises.make(draft, in: request.tenant))
            }
        }
    }

    private struct OfLevel: Input {
        static let fields: [Field] = [.path("id", .id, "The promise.")]

        let id: ID<ServiceLevel>
    }

    private var remove: Route {
        Route(
            .delete, "/service-levels/{id}", "inbox.removeServiceLevel", "Takes a promise back.", policy: .signedIn,
            limit: Rates.writing, budget: 2, status: 204, failures: [Failures.notAllowed, Failures.missing]
        ) { [office] (request: Request<OfLevel>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                try await office.promises.remove(request.input.id, in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct ClocksOutput: Output {
        struct Line: Encodable {
            let kind: SlaClock.Kind
            let state: SlaClock.State
            let startedAt: Timestamp
            let dueAt: Timestamp?
            let leftSeconds: Int64?
            let endedAt: Timestamp?
        }

        static let shape = Shape.object([
            .body(
                "clocks",
                .list(
                    .object([
                        .body("kind", .choice(SlaClock.Kind.self)), .body("state", .choice(SlaClock.State.self)),
                        .body("startedAt", .timestamp), .body("dueAt", optional: .timestamp),
                        .body("leftSeconds", optional: .integer), .body("endedAt", optional: .timestamp),
                    ])))
        ])

        let clocks: [Line]

        init(_ story: SlaStory?) {
            clocks = SlaClock.Kind.allCases.compactMap { kind in
                guard let clock = story?[kind] else { return nil }
                return Line(
                    kind: kind, state: clock.state, startedAt: clock.startedAt,
                    dueAt: clock.state == .paused ? nil : clock.dueAt, leftSeconds: clock.left.map { $0 / 1_000_000 },
                    endedAt: clock.endedAt)
            }
        }
    }

    private var clocks: Route {
        Route(
            .get, "/conversations/{id}/clocks", "inbox.getClocks",
            "Tells what is promised in a conversation and until when, as of a few seconds ago.", policy: .signedIn,
            limit: Rates.reading, budget: 1
        ) { [office] (request: Request<ConversationRoutes.OfConversation>) in
            ClocksOutput(try await office.promises.store.story(of: request.input.id, in: request.tenant))
        }
    }
}
