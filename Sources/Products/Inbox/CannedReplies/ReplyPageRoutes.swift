import Accounts
import Base
import Web

/// The page of texts that are used again and of rules, with its forms.
struct ReplyPageRoutes: Sendable {
    let office: Office

    var routes: [Route] { [show, make, change, remove, makeRule, raise, pause, removeRule] }

    private struct Query: Input {
        static let fields: [Field] = [
            .query("q", optional: .text(0...CannedReply.Bounds.wordsCharacters), default: ""),
            .query("said", optional: .text(1...60)),
        ]

        let q: String
        let said: String?
    }

    private var show: Route {
        Route(
            .get, PathTemplate(Addresses.replies), "inbox.showReplies",
            "Shows texts that are used again, and rules.", policy: .signedIn, limit: Rates.reading, budget: 2
        ) { [office] (request: Request<Query>) in
            let (tenant, person) = (request.tenant, try request.person())
            let parts = RepliesPage.Parts(
                words: request.input.q, person: person,
                replies: try await office.canned.found(request.input.q, for: person, in: tenant),
                rules: try await office.rules.store.all(in: tenant),
                channels: try await office.channels.channels(in: tenant),
                tags: try await office.conversations.allTags(in: tenant),
                people: try await office.notices.colleagues(in: tenant).map { ($0.person, $0.name) })
            let frame = try await office.frames.frame(.replies, for: request.context)
            return InboxPages.page(
                "Replies and rules", "replies", RepliesPage(frame, parts), styles: ["work.css"],
                said: request.input.said)
        }
    }

    // MARK: Texts

    private static let draftFields: [Field] = [
        .body("shortcut", .text(0...100)), .body("body", .text(0...CannedReply.Bounds.bodyCharacters)),
        .body("isOwn", optional: .boolean, default: .boolean(false)),
    ]

    private struct MakeSent: Input {
        static let fields = draftFields

        let shortcut: String
        let body: String
        let isOwn: Bool
    }

    private var make: Route {
        Route(
            .post, PathTemplate(Addresses.replies), "inbox.sendCannedReply", "Makes a text that is used again by form.",
            policy: .signedIn, limit: Rates.writing, budget: 2, accepts: .form, status: 303
        ) { [office] (request: Request<MakeSent>) in
            let input = request.input
            return try await Said.after(Addresses.replies) {
                try await refusing {
                    _ = try await office.canned.make(
                        input.shortcut, input.body,
                        of: try CannedReplyRoutes.owner(isOwn: input.isOwn, request.context), in: request.tenant)
                }
                return "replyMade"
            }
        }
    }

    private struct ChangeSent: Input {
        static let fields = [Field.path("id", .id)] + draftFields

        let id: ID<CannedReply>
        let shortcut: String
        let body: String
        let isOwn: Bool
    }

    private var change: Route {
        Route(
            .post, PathTemplate(Addresses.replies + "/{id}"), "inbox.sendCannedReplyChange",
            "Changes a text that is used again by form.", policy: .signedIn, limit: Rates.writing, budget: 2,
            accepts: .form, status: 303
        ) { [office] (request: Request<ChangeSent>) in
            let input = request.input
            return try await Said.after(Addresses.replies) {
                try await refusing {
                    _ = try await office.canned.change(
                        input.id, to: input.shortcut, input.body,
                        of: try CannedReplyRoutes.owner(isOwn: input.isOwn, request.context), in: request.tenant)
                }
                return "replyChanged"
            }
        }
    }

    private struct RemoveSent: Input {
        static let fields: [Field] = [
            .path("id", .id), .body("isOwn", optional: .boolean, default: .boolean(false)),
        ]

        let id: ID<CannedReply>
        let isOwn: Bool
    }

    private var remove: Route {
        Route(
            .post, PathTemplate(Addresses.replies + "/{id}/remove"), "inbox.sendCannedReplyRemoval",
            "Removes a text that is used again by form.", policy: .signedIn, limit: Rates.writing, budget: 2,
            accepts: .form, status: 303
        ) { [office] (request: Request<RemoveSent>) in
            try await Said.after(Addresses.replies) {
                try await refusing {
                    try await office.canned.remove(
                        request.input.id,
                        of: try CannedReplyRoutes.owner(isOwn: request.input.isOwn, request.context),
                        in: request.tenant)
                }
                return "replyRemoved"
            }
        }
    }

    // MARK: Rules

    private struct RuleSent: Input {
        static let fields: [Field] = [
            .body("name", .text(0...400)), .body("event", .choice(Tally.Kind.self)),
            .body("words", optional: .text(0...1_000), default: "", "With commas between them."),
            .body("channel", optional: .list(.id, 0...100)),
            .body("held", optional: .text(0...10), default: "", "`yes`, `no`, or nothing for either."),
            .body("assign", optional: .text(0...40), default: ""),
            .body("priority", optional: .text(0...1), default: ""),
            .body("tag", optional: .text(0...40), default: ""),
            .body("note", optional: .text(0...Rule.Bounds.textCharacters), default: ""),
            .body("handOver", optional: .boolean, default: .boolean(false)),
            .body("close", optional: .boolean, default: .boolean(false)),
        ]

        let name: String
        let event: Tally.Kind
        let words: String
        let channel: [ID<Channel>]?
        let held: String
        let assign: String
        let priority: String
        let tag: String
        let note: String
        let handOver: Bool
        let close: Bool

        var conditions: Rule.Conditions {
            let words = words.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
            return Rule.Conditions(
                channels: (channel ?? []).isEmpty ? nil : channel,
                isAssigned: held == "yes" ? true : held == "no" ? false : nil, words: words.isEmpty ? nil : words)
        }

        var actions: [Rule.Action] {
            var actions: [Rule.Action] = []
            if let person = ID<Person>(assign) { actions.append(.assign(person)) }
            if let number = Int(priority) { actions.append(.priority(number)) }
            if let tag = ID<Tag>(tag) { actions.append(.tag(tag)) }
            if !note.trimmed.isEmpty { actions.append(.note(note.trimmed)) }
            if handOver { actions.append(.handOver) }
            if close { actions.append(.close) }
            return actions
        }
    }

    private var makeRule: Route {
        Route(
            .post, PathTemplate(Addresses.replies + "/rules"), "inbox.sendRule", "Makes a rule by form.",
            policy: .signedIn, limit: Rates.writing, budget: 2, accepts: .form, status: 303
        ) { [office] (request: Request<RuleSent>) in
            let input = request.input
            return try await Said.after(Addresses.replies, anchor: "rules") {
                guard !input.actions.isEmpty else { return "chooseAction" }
                try await refusing {
                    _ = try await office.rules.make(
                        named: input.name, at: input.event, if: input.conditions, do: input.actions,
                        by: try request.context.person(atLeast: .admin), in: request.tenant)
                }
                return "ruleMade"
            }
        }
    }

    private var raise: Route {
        Route(
            .post, PathTemplate(Addresses.replies + "/rules/{id}/raise"), "inbox.sendRuleRaise",
            "Has a rule come before the one above it by form.", policy: .signedIn, limit: Rates.writing, budget: 3,
            accepts: .form, status: 303
        ) { [office] (request: Request<ByID<Rule>>) in
            try await Said.after(Addresses.replies, anchor: "rules") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.rules.raise(request.input.id, in: request.tenant)
                }
                return "ruleRaised"
            }
        }
    }

    private struct PauseSent: Input {
        static let fields: [Field] = [.path("id", .id), .body("isPaused", .boolean)]

        let id: ID<Rule>
        let isPaused: Bool
    }

    private var pause: Route {
        Route(
            .post, PathTemplate(Addresses.replies + "/rules/{id}/pause"), "inbox.sendRulePause",
            "Pauses a rule by form, or lets it go on.", policy: .signedIn, limit: Rates.writing, budget: 2,
            accepts: .form, status: 303
        ) { [office] (request: Request<PauseSent>) in
            try await Said.after(Addresses.replies, anchor: "rules") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.rules.set(request.input.id, paused: request.input.isPaused, in: request.tenant)
                }
                return request.input.isPaused ? "rulePaused" : "ruleGoesOn"
            }
        }
    }

    private var removeRule: Route {
        Route(
            .post, PathTemplate(Addresses.replies + "/rules/{id}/remove"), "inbox.sendRuleRemoval",
            "Removes a rule by form.", policy: .signedIn, limit: Rates.writing, budget: 2, accepts: .form, status: 303
        ) { [office] (request: Request<ByID<Rule>>) in
            try await Said.after(Addresses.replies, anchor: "rules") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.rules.set(request.input.id, paused: nil, in: request.tenant)
                }
                return "ruleRemoved"
            }
        }
    }
}
