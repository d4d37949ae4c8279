import Base
import Web

/// Rules over HTTP.
struct RuleRoutes: Sendable {
    let office: Office

    var routes: [Route] { [list, make, pause, remove] }

    private struct RuleOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("name", .text), .body("event", .text), .body("isPaused", .boolean),
            .body("reason", optional: .text), .body("fired", .integer), .body("conditions", .any),
            .body("actions", .any),
        ]
        static let shape = Shape.object(fields)

        let id: ID<Rule>
        let name: String
        let event: Tally.Kind
        let isPaused: Bool
        let reason: String?
        let fired: Int64
        let conditions: Rule.Conditions
        let actions: [Rule.Action]

        init(_ rule: Rule) {
            id = rule.id
            name = rule.name
            event = rule.event
            isPaused = rule.isPaused
            reason = rule.reason
            fired = rule.fired
            conditions = rule.conditions
            actions = rule.actions
        }
    }

    private struct RulesOutput: Output {
        static let shape = Shape.object([.body("rules", .list(.object(RuleOutput.fields)))])

        let rules: [RuleOutput]
    }

    private var list: Route {
        Route(
            .get, "/rules", "inbox.listRules", "Lists the company's rules in their order, with how often they fired.",
            policy: .signedIn, limit: Rates.reading, budget: 1
        ) { [office] (request: Request<NoInput>) in
            RulesOutput(rules: try await office.rules.store.all(in: request.tenant).map(RuleOutput.init))
        }
    }

    private struct MakeInput: Input {
        static let fields: [Field] = [
            .body("name", .text(1...Rule.Bounds.nameCharacters)), .body("event", .choice(Tally.Kind.self)),
            .body("words", optional: .list(.text(1...100), 1...Rule.Bounds.words), "One of them was said."),
            .body("channels", optional: .list(.id, 1...100)), .body("isAssigned", optional: .boolean),
            .body("assign", optional: .id), .body("priority", optional: .integer(0...3)),
            .body("tag", optional: .id), .body("note", optional: .text(1...Rule.Bounds.textCharacters)),
            .body("close", optional: .boolean, default: .boolean(false)),
            .body("handOver", optional: .boolean, default: .boolean(false)),
        ]

        let name: String
        let event: Tally.Kind
        let words: [String]?
        let channels: [ID<Channel>]?
        let isAssigned: Bool?
        let assign: ID<Person>?
        let priority: Int?
        let tag: ID<Tag>?
        let note: String?
        let close: Bool
        let handOver: Bool

        var actions: [Rule.Action] {
            var actions: [Rule.Action] = []
            if let assign { actions.append(.assign(assign)) }
            if let priority { actions.append(.priority(priority)) }
            if let tag { actions.append(.tag(tag)) }
            if let note { actions.append(.note(note)) }
            if handOver { actions.append(.handOver) }
            if close { actions.append(.close) }
            return actions
        }
    }

    private var make: Route {
        Route(
            .post, "/rules", "inbox.makeRule", "Makes a rule: what is done by itself when something happens.",
            policy: .signedIn, limit: Rates.writing, budget: 2, status: 201,
            failures: [
                Failures.notAllowed, Failures.limit,
                Failure("inbox.ruleInvalid", 422, "The rule cannot be so; its field is told."),
            ]
        ) { [office] (request: Request<MakeInput>) in
            let input = request.input
            return try await refusing {
                let conditions = Rule.Conditions(
                    channels: input.channels, isAssigned: input.isAssigned, words: input.words)
                return RuleOutput(
                    try await office.rules.make(
                        named: input.name, at: input.event, if: conditions, do: input.actions,
                        by: try request.context.person(atLeast: .admin), in: request.tenant))
            }
        }
    }

    private struct PauseInput: Input {
        static let fields: [Field] = [.path("id", .id, "The rule."), .body("isPaused", .boolean)]

        let id: ID<Rule>
        let isPaused: Bool
    }

    private var pause: Route {
        Route(
            .patch, "/rules/{id}", "inbox.pauseRule", "Pauses a rule or lets it go on.", policy: .signedIn,
            limit: Rates.writing, budget: 2, status: 204, failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<PauseInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                try await office.rules.set(request.input.id, paused: request.input.isPaused, in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct OfRule: Input {
        static let fields: [Field] = [.path("id", .id, "The rule.")]

        let id: ID<Rule>
    }

    private var remove: Route {
        Route(
            .delete, "/rules/{id}", "inbox.removeRule", "Removes a rule.", policy: .signedIn, limit: Rates.writing,
            budget: 2, status: 204, failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfRule>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                try await office.rules.set(request.input.id, paused: nil, in: request.tenant)
                return NoContent()
            }
        }
    }
}
