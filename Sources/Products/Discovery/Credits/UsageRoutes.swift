import Base
import Limits
import Storage
import Web

/// Usage over HTTP.
struct UsageRoutes: Sendable {
    let bureau: Bureau

    var routes: [Route] { [usage] }

    private struct UsageAnswer: Output {
        struct Allowance: Encodable {
            let limit: Int
            let used: Int
            let held: Int
            let left: Int
            let renewsAt: Timestamp?

            init(_ usage: CreditUsage, of limit: Int) {
                self.limit = limit
                used = usage.used
                held = usage.held
                left = usage.remaining(of: limit)
                renewsAt = usage.endsAt
            }
        }

        struct Calls: Encodable {
            let day: CalendarDay
            let calls: Int
            let errors: Int
            let credits: Int
            let meanMilliseconds: Int64
        }

        private static let allowance = Shape.object([
            .body("limit", .integer), .body("used", .integer), .body("held", .integer), .body("left", .integer),
            .body("renewsAt", optional: .timestamp),
        ])
        static let shape = Shape.object([
            .body("plan", .choice(CreditPlan.self)), .body("isActive", .boolean), .body("creators", allowance),
            .body("enrichments", allowance), .body("callsToday", .integer), .body("callsPerDay", .integer),
            .body("vendor", .text), .body("pausedBecause", optional: .choice(["keyRefused", "creditSpent"])),
            .body("costMicrodollars", optional: .integer, "What the calls of 30 days cost; owners see it."),
            .body(
                "days",
                .list(
                    .object([
                        .body("day", .day), .body("calls", .integer), .body("errors", .integer),
                        .body("credits", .integer), .body("meanMilliseconds", .integer),
                    ]))),
        ])

        let plan: CreditPlan
        let isActive: Bool
        let creators: Allowance
        let enrichments: Allowance
        let callsToday: Int
        let callsPerDay: Int
        let vendor: String
        let pausedBecause: String?
        let costMicrodollars: Int64?
        let days: [Calls]

        init(_ usage: UsageDesk.Usage, isOwner: Bool) {
            plan = usage.workspace.plan
            isActive = usage.workspace.isActive
            creators = Allowance(usage.creators, of: usage.creatorsLimit)
            enrichments = Allowance(usage.enrichments, of: usage.enrichmentsLimit)
            callsToday = usage.callsToday
            callsPerDay = usage.callsPerDay
            vendor = usage.vendor.title
            pausedBecause = usage.paused?.reason.rawValue
            costMicrodollars = isOwner ? Int64(usage.total.calls) * usage.vendor.callCost : nil
            days = usage.days.map {
                Calls(
                    day: $0.day, calls: $0.total.calls, errors: $0.total.errors, credits: $0.total.credits,
                    meanMilliseconds: $0.total.meanMilliseconds)
            }
        }
    }

    private var usage: Route {
        Route(
            .get, "/usage", "discovery.getUsage", "Says what the workspace has used, and how its vendor does.",
            policy: .signedIn, limit: Rates.reading, budget: 4
        ) { [bureau] (request: Request<NoInput>) in
            let usage = try await bureau.usage.usage(in: request.tenant)
            return UsageAnswer(usage, isOwner: request.principal.has(Seat.owner.role))
        }
    }
}
