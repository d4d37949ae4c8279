import Base
import Web

/// The forms for hours and service levels on the page of teams.
struct HoursPageRoutes: Sendable {
    let office: Office

    var routes: [Route] { [make, change, remove, makeLevel, removeLevel] }

    private static let weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    private static let draftFields: [Field] =
        [.body("name", .text(0...200)), .body("zone", .text(0...64))]
        + weekdays.map { .body($0, optional: .text(0...200), default: "") } + [
            .body("holidays", optional: .text(0...4_000), default: "", "Days with commas between them."),
            .body("isUsual", optional: .boolean, default: .boolean(false)),
        ]

    private struct MakeSent: Input {
        static let fields = draftFields

        let name: String
        let zone: String
        let monday: String
        let tuesday: String
        let wednesday: String
        let thursday: String
        let friday: String
        let saturday: String
        let sunday: String
        let holidays: String
        let isUsual: Bool

        /// `nil` when a day cannot be understood.
        var plan: WeekPlan? {
            let days = [monday, tuesday, wednesday, thursday, friday, saturday, sunday].map(WeekPlan.spans)
            let spans = days.compactMap { $0 }
            guard spans.count == 7 else { return nil }
            let holidays = holidays.split { $0 == "," || $0.isWhitespace }.map(String.init)
            return WeekPlan(zone: zone.trimmed, days: spans, holidays: holidays)
        }
    }

    private struct ChangeSent: Input {
        static let fields = [Field.path("id", .id)] + draftFields

        let id: ID<BusinessHours>
        let name: String
        let zone: String
        let monday: String
        let tuesday: String
        let wednesday: String
        let thursday: String
        let friday: String
        let saturday: String
        let sunday: String
        let holidays: String
        let isUsual: Bool

        var draft: MakeSent {
            MakeSent(
                name: name, zone: zone, monday: monday, tuesday: tuesday, wednesday: wednesday, thursday: thursday,
                friday: friday, saturday: saturday, sunday: sunday, holidays: holidays, isUsual: isUsual)
        }
    }

    private func set(
        _ id: ID<BusinessHours>?, _ draft: MakeSent, _ context: RequestContext, _ tenant: Tenant
    ) async throws -> Redirect {
        try await Said.after(Addresses.team, anchor: "hours") { [office] in
            guard let plan = draft.plan else { return "chooseSpans" }
            try await refusing {
                _ = try context.person(atLeast: .admin)
                _ = try await office.teams.set(id, named: draft.name, plan, isUsual: draft.isUsual, in: tenant)
            }
            return "hoursSet"
        }
    }

    private var make: Route {
        Route(
            .post, PathTemplate(Addresses.team + "/hours"), "inbox.sendHours", "Makes a plan of hours by form.",
            policy: .signedIn, limit: Rates.writing, budget: 3, accepts: .form, status: 303
        ) { (request: Request<MakeSent>) in
            try await set(nil, request.input, request.context, request.tenant)
        }
    }

    private var change: Route {
        Route(
            .post, PathTemplate(Addresses.team + "/hours/{id}"), "inbox.sendHoursChange",
            "Changes a plan of hours by form.", policy: .signedIn, limit: Rates.writing, budget: 3, accepts: .form,
            status: 303
        ) { (request: Request<ChangeSent>) in
            try await set(request.input.id, request.input.draft, request.context, request.tenant)
        }
    }

    private var remove: Route {
        Route(
            .post, PathTemplate(Addresses.team + "/hours/{id}/remove"), "inbox.sendHoursRemoval",
            "Removes a plan of hours by form.", policy: .signedIn, limit: Rates.writing, budget: 2, accepts: .form,
            status: 303
        ) { [office] (request: Request<ByID<BusinessHours>>) in
            try await Said.after(Addresses.team, anchor: "hours") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.teams.removeHours(request.input.id, in: request.tenant)
                }
                return "hoursRemoved"
            }
        }
    }

    // MARK: Service levels

    private struct LevelSent: Input {
        static let fields: [Field] = [
            .body("name", .text(0...200)), .body("first", optional: .text(0...6), default: ""),
            .body("next", optional: .text(0...6), default: ""),
            .body("resolution", optional: .text(0...6), default: ""),
            .body("channel", optional: .list(.id, 0...100)), .body("hours", optional: .text(0...40), default: ""),
        ]

        let name: String
        let first: String
        let next: String
        let resolution: String
        let channel: [ID<Channel>]?
        let hours: String

        /// `nil` when a number is none.
        var draft: SlaDesk.LevelDraft? {
            let texts = [first, next, resolution].map(\.trimmed)
            let numbers = texts.map { Int($0) }
            guard zip(texts, numbers).allSatisfy({ $0.isEmpty || $1 != nil }) else { return nil }
            return SlaDesk.LevelDraft(
                name: name, first: numbers[0], next: numbers[1], resolution: numbers[2], channels: channel ?? [],
                hours: ID<BusinessHours>(hours))
        }
    }

    private var makeLevel: Route {
        Route(
            .post, PathTemplate(Addresses.team + "/service-levels"), "inbox.sendServiceLevel",
            "Promises how soon people answer by form.", policy: .signedIn, limit: Rates.writing, budget: 2,
            accepts: .form, status: 303
        ) { [office] (request: Request<LevelSent>) in
            try await Said.after(Addresses.team, anchor: "levels") {
                guard let draft = request.input.draft else { return "chooseNumber" }
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    _ = try await office.promises.make(draft, in: request.tenant)
                }
                return "levelMade"
            }
        }
    }

    private var removeLevel: Route {
        Route(
            .post, PathTemplate(Addresses.team + "/service-levels/{id}/remove"), "inbox.sendServiceLevelRemoval",
            "Takes a promise back by form.", policy: .signedIn, limit: Rates.writing, budget: 2, accepts: .form,
            status: 303
        ) { [office] (request: Request<ByID<ServiceLevel>>) in
            try await Said.after(Addresses.team, anchor: "levels") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.promises.remove(request.input.id, in: request.tenant)
                }
                return "levelRemoved"
            }
        }
    }
}
