import Base
import Web

/// When the company answers, over HTTP.
struct HoursRoutes: Sendable {
    let office: Office

    var routes: [Route] { [list, make, change, remove] }

    private struct HoursOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("name", .text), .body("zone", .text), .body("days", .list(.list(.any), 7...7)),
            .body("holidays", .list(.text)), .body("isUsual", .boolean), .body("isOpen", .boolean),
            .body("opensAt", optional: .timestamp),
        ]
        static let shape = Shape.object(fields)

        let id: ID<BusinessHours>
        let name: String
        let zone: String
        let days: [[WeekPlan.Span]]
        let holidays: [String]
        let isUsual: Bool
        let isOpen: Bool
        let opensAt: Timestamp?

        init(_ hours: BusinessHours, at now: Timestamp) {
            id = hours.id
            name = hours.name
            zone = hours.plan.zone
            days = hours.plan.days
            holidays = hours.plan.holidays
            isUsual = hours.isUsual
            isOpen = hours.plan.isOpen(at: now)
            opensAt = isOpen ? nil : hours.plan.nextOpening(after: now)
        }
    }

    private struct ListOutput: Output {
        static let shape = Shape.object([.body("hours", .list(.object(HoursOutput.fields)))])

        let hours: [HoursOutput]
    }

    private var list: Route {
        Route(
            .get, "/hours", "inbox.listHours", "Lists when the company answers.", policy: .signedIn,
            limit: Rates.reading, budget: 1
        ) { [office] (request: Request<NoInput>) in
            let now = office.clock.now()
            return ListOutput(
                hours: try await office.teams.hours(in: request.tenant).map { HoursOutput($0, at: now) })
        }
    }

    private static let draftFields: [Field] = [
        .body("name", .text(1...BusinessHours.Bounds.nameCharacters)),
        .body("zone", .text(1...64), "As in Europe/Lisbon."),
        .body(
            "days",
            .list(
                .list(
                    .object([.body("from", .integer(0...1_440)), .body("until", .integer(0...1_440))]),
                    0...WeekPlan.Bounds.spans), 7...7),
            "The spans of each weekday in minutes of the day, Monday first."),
        .body("holidays", optional: .list(.text(10...10), 0...WeekPlan.Bounds.holidays), "Days, as in 2026-12-25."),
        .body("isUsual", optional: .boolean, default: .boolean(false), "Holds where nothing else is said."),
    ]

    private struct MakeInput: Input {
        static let fields = draftFields

        let name: String
        let zone: String
        let days: [[WeekPlan.Span]]
        let holidays: [String]?
        let isUsual: Bool
    }

    private struct ChangeInput: Input {
        static let fields = [Field.path("id", .id, "The plan.")] + draftFields

        let id: ID<BusinessHours>
        let name: String
        let zone: String
        let days: [[WeekPlan.Span]]
        let holidays: [String]?
        let isUsual: Bool
    }

    private static let failures = [Failures.notAllowed, Failures.setting, Failures.named]

    private var make: Route {
        Route(
            .post, "/hours", "inbox.makeHours", "Makes a plan of hours.", policy: .signedIn, limit: Rates.writing,
            budget: 3, status: 201, failures: Self.failures + [Failures.limit]
        ) { [office] (request: Request<MakeInput>) in
            let input = request.input
            return try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let plan = WeekPlan(zone: input.zone, days: input.days, holidays: input.holidays ?? [])
                return HoursOutput(
                    try await office.teams.set(
                        nil, named: input.name, plan, isUsual: input.isUsual, in: request.tenant),
                    at: office.clock.now())
            }
        }
    }

    private var change: Route {
        Route(
            .put, "/hours/{id}", "inbox.changeHours", "Changes a plan of hours; clocks that run keep their times.",
            policy: .signedIn, limit: Rates.writing, budget: 3, failures: Self.failures + [Failures.missing]
        ) { [office] (request: Request<ChangeInput>) in
            let input = request.input
            return try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let plan = WeekPlan(zone: input.zone, days: input.days, holidays: input.holidays ?? [])
                return HoursOutput(
                    try await office.teams.set(
                        input.id, named: input.name, plan, isUsual: input.isUsual, in: request.tenant),
                    at: office.clock.now())
            }
        }
    }

    private struct OfHours: Input {
        static let fields: [Field] = [.path("id", .id, "The plan.")]

        let id: ID<BusinessHours>
    }

    private var remove: Route {
        Route(
            .delete, "/hours/{id}", "inbox.removeHours", "Removes a plan of hours.", policy: .signedIn,
            limit: Rates.writing, budget: 2, status: 204, failures: [Failures.notAllowed, Failures.missing]
        ) { [office] (request: Request<OfHours>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                try await office.teams.removeHours(request.input.id, in: request.tenant)
                return NoContent()
            }
        }
    }
}
