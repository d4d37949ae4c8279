import Base
import Web

/// What a company keeps for how long, over HTTP.
struct RetentionRoutes: Sendable {
    let office: Office

    var routes: [Route] { [show, change] }

    private struct RetentionOutput: Output {
        static let shape = Shape.object([
            .body("conversationDays", optional: .integer, "Days after closing; absent for ever."),
            .body("fileDays", optional: .integer, "Days after they came; absent for ever."),
            .body("receiptDays", .integer), .body("exportDays", .integer),
            .body("changedAt", optional: .timestamp), .body("conversations", .integer), .body("files", .integer),
            .body("lastAt", optional: .timestamp),
        ])

        let conversationDays: Int?
        let fileDays: Int?
        let receiptDays = RetentionRules.receiptDays
        let exportDays = RetentionRules.exportDays
        let changedAt: Timestamp?
        let conversations: Int64
        let files: Int64
        let lastAt: Timestamp?

        init(_ record: RetentionRecord) {
            conversationDays = record.rules.conversationDays
            fileDays = record.rules.fileDays
            changedAt = record.changedAt
            conversations = record.conversations
            files = record.files
            lastAt = record.lastAt
        }
    }

    private var show: Route {
        Route(
            .get, "/retention", "inbox.getRetention", "Tells what the company keeps for how long, and what has gone.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.notAllowed]
        ) { [office] (request: Request<NoInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                return RetentionOutput(try await office.retention.record(in: request.tenant))
            }
        }
    }

    private struct ChangeInput: Input {
        static let fields: [Field] = [
            .body(
                "conversationDays", optional: .integer(0...100_000),
                "Days after which a closed conversation goes with all that was said, 30 to 3,650; absent for never."),
            .body(
                "fileDays", optional: .integer(0...100_000),
                "Days after which the contents of files go, 30 to 3,650; absent for never."),
        ]

        let conversationDays: Int?
        let fileDays: Int?
    }

    private var change: Route {
        Route(
            .put, "/retention", "inbox.setRetention", "Says what the company keeps for how long, from the next day on.",
            policy: .signedIn, limit: Rates.writing, budget: 3, failures: [Failures.notAllowed, Failures.setting]
        ) { [office] (request: Request<ChangeInput>) in
            let input = request.input
            return try await refusing {
                let person = try request.context.person(atLeast: .owner)
                try await office.retention.set(
                    RetentionRules(conversationDays: input.conversationDays, fileDays: input.fileDays), by: person,
                    in: request.tenant)
                return RetentionOutput(try await office.retention.record(in: request.tenant))
            }
        }
    }
}

/// The form for it, on the page of the team.
struct RetentionPageRoutes: Sendable {
    let office: Office

    var routes: [Route] { [change] }

    private struct ChangeSent: Input {
        static let fields: [Field] = [
            .body("conversationDays", optional: .text(0...10), default: ""),
            .body("fileDays", optional: .text(0...10), default: ""),
        ]

        let conversationDays: String
        let fileDays: String

        /// `nil` when a number is none.
        var rules: RetentionRules? {
            func days(_ text: String) -> Int?? {
                let text = text.trimmed
                return text.isEmpty ? .some(nil) : Int(text).map { .some($0) }
            }
            guard let conversations = days(conversationDays), let files = days(fileDays) else { return nil }
            return RetentionRules(conversationDays: conversations, fileDays: files)
        }
    }

    private var change: Route {
        Route(
            .post, PathTemplate(Addresses.team + "/retention"), "inbox.sendRetention",
            "Says by form what the company keeps for how long.", policy: .signedIn, limit: Rates.writing, budget: 2,
            accepts: .form, status: 303
        ) { [office] (request: Request<ChangeSent>) in
            try await Said.after(Addresses.team, anchor: "keeping") {
                guard let rules = request.input.rules else { return "chooseNumber" }
                try await refusing {
                    let person = try request.context.person(atLeast: .owner)
                    try await office.retention.set(rules, by: person, in: request.tenant)
                }
                return "retentionSet"
            }
        }
    }
}

extension TeamPage {
    /// What the company keeps for how long, as the page says it.
    struct Keeping: Sendable {
        let conversationDays: String
        let fileDays: String
        let conversations: String
        let files: String
        let gone: String?
        let isOwner: Bool
        let action = Addresses.team + "/retention"
        let least = RetentionRules.Bounds.days.lowerBound
        let most = RetentionRules.Bounds.days.upperBound
        let receiptDays = RetentionRules.receiptDays
        let exportDays = RetentionRules.exportDays

        init(_ record: RetentionRecord, isOwner: Bool, now: Timestamp) {
            func days(_ days: Int?) -> String { days.map { "after \(Wording.count($0, "day"))" } ?? "never" }
            conversationDays = record.rules.conversationDays.map(String.init) ?? ""
            fileDays = record.rules.fileDays.map(String.init) ?? ""
            conversations = days(record.rules.conversationDays)
            files = days(record.rules.fileDays)
            gone = record.lastAt.map {
                "Until now \(Wording.count(Int(record.conversations), "conversation")) and "
                    + "\(Wording.count(Int(record.files), "file")) have gone, the last on \(Wording.day($0, now: now))."
            }
            self.isOwner = isOwner
        }
    }
}
