import Base
import InboxVendors
import Web

/// The company's figures over HTTP.
struct DashboardRoutes: Sendable {
    let office: Office

    var routes: [Route] { [show] }

    private struct RangeInput: Input {
        static let fields: [Field] = [
            .query("days", optional: .integer(1...CountDesk.Bounds.days), default: 30, "How many days back.")
        ]

        let days: Int
    }

    private struct DashboardOutput: Output {
        struct Day: Encodable {
            let day: String
            let opened: Int64
            let closed: Int64
            let inbound: Int64
            let replies: Int64
            let botReplies: Int64
        }

        struct Share: Encodable {
            let kind: String
            let messages: Int64
        }

        static let shape = Shape.object([
            .body("conversations", .integer), .body("conversationsLastMonth", .integer), .body("activeNow", .integer),
            .body("messages", .integer), .body("messagesLastWeek", .integer), .body("botMessages", .integer),
            .body("meanFirstReplySeconds", optional: .integer), .body("handOffs", .integer),
            .body("tokens", .integer), .body("deflected", .integer),
            .body("firstReplyMedianSeconds", optional: .integer), .body("firstReplyP90Seconds", optional: .integer),
            .body("resolutionMedianSeconds", optional: .integer), .body("resolutionP90Seconds", optional: .integer),
            .body("ratings", .integer), .body("meanRatingHundredths", optional: .integer),
            .body("promisesKept", .integer), .body("promisesBroken", .integer),
            .body("providers", .list(.object([.body("kind", .text), .body("messages", .integer)]))),
            .body(
                "series",
                .list(
                    .object([
                        .body("day", .day), .body("opened", .integer), .body("closed", .integer),
                        .body("inbound", .integer), .body("replies", .integer), .body("botReplies", .integer),
                    ]))),
        ])

        let conversations: Int64
        let conversationsLastMonth: Int64
        let activeNow: Int64
        let messages: Int64
        let messagesLastWeek: Int64
        let botMessages: Int64
        let meanFirstReplySeconds: Int64?
        let handOffs: Int64
        let tokens: Int64
        let deflected: Int64
        let firstReplyMedianSeconds: Int64?
        let firstReplyP90Seconds: Int64?
        let resolutionMedianSeconds: Int64?
        let resolutionP90Seconds: Int64?
        let ratings: Int64
        let meanRatingHundredths: Int64?
        let promisesKept: Int64
        let promisesBroken: Int64
        let providers: [Share]
        let series: [Day]

        init(_ board: Dashboard) {
            conversations = board.all.opened
            conversationsLastMonth = board.month.opened
            activeNow = board.active
            messages = board.all.messages
            messagesLastWeek = board.week.messages
            botMessages = board.all.botReplies
            meanFirstReplySeconds = board.range.meanFirstReply
            handOffs = board.range.handOffs
            tokens = board.range.tokens
            deflected = board.range.deflected
            firstReplyMedianSeconds = board.firstReplies.percentile(0.5)
            firstReplyP90Seconds = board.firstReplies.percentile(0.9)
            resolutionMedianSeconds = board.resolutions.percentile(0.5)
            resolutionP90Seconds = board.resolutions.percentile(0.9)
            ratings = board.range.ratings
            meanRatingHundredths = board.range.meanRating
            promisesKept = board.range.slaMet
            promisesBroken = board.range.slaBreached
            providers = board.providers.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                Share(kind: $0.key.rawValue, messages: $0.value)
            }
            series = board.series.map { day, count in
                Day(
                    day: CalendarDay(daysSinceEpoch: day).description, opened: count.opened, closed: count.closed,
                    inbound: count.inbound, replies: count.agentReplies, botReplies: count.botReplies)
            }
        }
    }

    private var show: Route {
        Route(
            .get, "/dashboard", "inbox.getDashboard", "Tells the company's figures, at most a minute old.",
            policy: .signedIn, limit: .per(.person, "inbox.dashboard", 50), budget: 1
        ) { [office] (request: Request<RangeInput>) in
            DashboardOutput(try await office.counts.dashboard(days: request.input.days, in: request.tenant))
        }
    }
}
