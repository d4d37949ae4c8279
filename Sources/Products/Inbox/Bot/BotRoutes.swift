import Base
import Storage
import Web

/// The bot and what it knows, over HTTP.
struct BotRoutes: Sendable {
    let office: Office

    var routes: [Route] { [policy, setPolicy, test, suggestion, documents, add, remove] }

    // MARK: Policies

    private struct PolicyOutput: Output {
        static let shape = Shape.object([
            .body("number", .integer), .body("isStandIn", .boolean, "Whether a stand-in answers instead of a model."),
            .body("policy", .any),
        ])

        let number: Int64
        let isStandIn: Bool
        let policy: BotPolicy

        init(_ numbered: NumberedPolicy, isStandIn: Bool) {
            number = numbered.number
            policy = numbered.policy
            self.isStandIn = isStandIn
        }
    }

    private var policy: Route {
        Route(
            .get, "/bot/policy", "inbox.getBotPolicy", "Tells what the bot is told.", policy: .signedIn,
            limit: Rates.reading, budget: 0
        ) { [office] (request: Request<NoInput>) in
            PolicyOutput(
                try await office.answering.policy(in: request.tenant), isStandIn: office.answering.isStandIn)
        }
    }

    private struct PolicyInput: Input {
        static let span = Shape.object([
            .body("from", .integer(0...1_439), "Minutes of the day."), .body("until", .integer(1...1_440)),
        ])
        static let hours = Shape.object([
            .body("zone", .text(1...60), "A time zone, as in Europe/Lisbon."),
            .body("days", .list(.list(span, 0...WeekPlan.Bounds.spans), 7...7), "Monday first."),
            .body("holidays", .list(.text(10...10), 0...WeekPlan.Bounds.holidays)),
        ])

        static let fields: [Field] = [
            .body("mode", .choice(BotPolicy.Mode.self)), .body("temperature", .number(0...2)),
            .body("tokensMax", .integer(1...BotPolicy.Bounds.tokens)), .body("threshold", .number(0...1)),
            .body("passages", .integer(1...BotPolicy.Bounds.passages)),
            .body("keywords", .list(.text(1...BotPolicy.Bounds.keywordCharacters), 0...BotPolicy.Bounds.keywords)),
            .body("tone", .text(0...BotPolicy.Bounds.textCharacters)), .body("hours", optional: hours),
            .body("unsure", .text(1...BotPolicy.Bounds.textCharacters)),
            .body("closed", .text(1...BotPolicy.Bounds.textCharacters)),
            .body("tokensPerDay", .integer(0...1_000_000_000)), .body("tokensPerMonth", .integer(0...1_000_000_000)),
        ]

        let mode: BotPolicy.Mode
        let temperature: Double
        let tokensMax: Int
        let threshold: Double
        let passages: Int
        let keywords: [String]
        let tone: String
        let hours: WeekPlan?
        let unsure: String
        let closed: String
        let tokensPerDay: Int
        let tokensPerMonth: Int

        var policy: BotPolicy {
            BotPolicy(
                mode: mode, temperature: temperature, tokensMax: tokensMax, threshold: threshold, passages: passages,
                keywords: keywords, tone: tone, hours: hours, unsure: unsure, closed: closed,
                tokensPerDay: tokensPerDay, tokensPerMonth: tokensPerMonth)
        }
    }

    private var setPolicy: Route {
        Route(
            .put, "/bot/policy", "inbox.setBotPolicy", "Tells the bot something else, as a policy of a new number.",
            policy: .signedIn, limit: Rates.writing, budget: 2,
            failures: [
                Failures.notAllowed,
                Failure("inbox.policyInvalid", 422, "A rule of the policy is broken; its field is told."),
            ]
        ) { [office] (request: Request<PolicyInput>) in
            try await refusing {
                let person = try request.context.person(atLeast: .admin)
                return PolicyOutput(
                    try await office.answering.set(request.input.policy, by: person, in: request.tenant),
                    isStandIn: office.answering.isStandIn)
            }
        }
    }

    // MARK: Trying

    private struct SourceOutput: Encodable {
        static let fields: [Field] = [
            .body("passage", .text), .body("title", .text), .body("heading", .text),
        ]

        let passage: String
        let title: String
        let heading: String

        init(_ source: AnswerSource) {
            passage = source.passage
            title = source.title
            heading = source.heading
        }
    }

    private struct TestInput: Input {
        static let fields: [Field] = [.body("question", .text(1...1_000))]

        let question: String
    }

    private struct TestOutput: Output {
        static let shape = Shape.object([
            .body("answer", optional: .text, "Nothing when it would hand over."),
            .body("reason", optional: .text, "Why it would hand over."), .body("score", optional: .number),
            .body("sources", .list(.object(SourceOutput.fields))), .body("tokens", .integer),
            .body("isStandIn", .boolean),
        ])

        let answer: String?
        let reason: String?
        let score: Double?
        let sources: [SourceOutput]
        let tokens: Int
        let isStandIn: Bool
    }

    private var test: Route {
        Route(
            .post, "/bot/test", "inbox.testBot", "Shows what the bot would say, and out of what; says it to nobody.",
            policy: .signedIn, limit: .per(.person, "inbox.dear", 10, in: .seconds(10)), budget: 12,
            deadline: .seconds(60), failures: [Failures.notAllowed]
        ) { [office] (request: Request<TestInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .agent)
                let answer = try await office.answering.tried(request.input.question, in: request.tenant)
                var (text, reason) = (String?.none, String?.none)
                switch answer.act {
                case .say(let said): text = said
                case .handOver(let why): reason = why.rawValue
                }
                return TestOutput(
                    answer: text, reason: reason, score: answer.score,
                    sources: (answer.preparedSources ?? BotDesk.sources(answer.passages)).map(SourceOutput.init),
                    tokens: answer.tokens,
                    isStandIn: office.answering.isStandIn)
            }
        }
    }

    private struct SuggestionOutput: Output {
        static let shape = Shape.object([
            .body("body", .text), .body("afterSequence", .integer),
            .body("sources", .list(.object(SourceOutput.fields))), .body("madeAt", .timestamp),
        ])

        let body: String
        let afterSequence: Int64
        let sources: [SourceOutput]
        let madeAt: Timestamp
    }

    private var suggestion: Route {
        Route(
            .get, "/conversations/{id}/suggestion", "inbox.getSuggestion", "Tells what the bot suggests to answer.",
            policy: .signedIn, limit: Rates.reading, budget: 2, failures: [Failures.missing]
        ) { [office] (request: Request<ConversationRoutes.OfConversation>) in
            try await refusing {
                _ = try await office.person(of: request.context, at: request.input.id)
                let found = try await office.answering.store.suggestion(
                    for: request.input.id, in: request.tenant)
                guard let found else { throw InboxError.missing("suggestion") }
                return SuggestionOutput(
                    body: found.body, afterSequence: found.afterSequence,
                    sources: found.sources.map(SourceOutput.init), madeAt: found.madeAt)
            }
        }
    }

    // MARK: Documents

    private struct DocumentOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("title", .text), .body("form", .text), .body("bytes", .integer),
            .body("state", .choice(KnowledgeDocument.State.self)), .body("reason", optional: .text),
            .body("passages", .integer), .body("createdAt", .timestamp),
        ]
        static let shape = Shape.object(fields)

        let id: ID<KnowledgeDocument>
        let title: String
        let form: String
        let bytes: Int
        let state: KnowledgeDocument.State
        let reason: String?
        let passages: Int
        let createdAt: Timestamp

        init(_ document: KnowledgeDocument) {
            id = document.id
            title = document.title
            form = document.form
            bytes = document.bytes
            state = document.state
            reason = document.reason
            passages = document.passages
            createdAt = document.createdAt
        }
    }

    private struct PageInput: Input {
        static let fields: [Field] = [
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 25),
        ]

        let after: Cursor?
        let limit: Int
    }

    private struct DocumentsOutput: Output {
        static let shape = Shape.object([
            .body("documents", .list(.object(DocumentOutput.fields))), .body("next", optional: .cursor),
        ])

        let documents: [DocumentOutput]
        let next: String?
    }

    private var documents: Route {
        Route(
            .get, "/documents", "inbox.listDocuments", "Lists what the bot may answer from, the newest first.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [office] (request: Request<PageInput>) in
            let page = try await refusing {
                try await office.knowledge.store.page(
                    after: request.input.after, limit: request.input.limit, in: request.tenant)
            }
            return DocumentsOutput(documents: page.items.map(DocumentOutput.init), next: page.next?.description)
        }
    }

    private struct AddInput: Input {
        static let fields: [Field] = [
            .query("title", .text(1...KnowledgeDocument.Bounds.titleCharacters)),
            .query("form", optional: .choice(KnowledgeForm.self), default: "text"),
        ]

        let title: String
        let form: KnowledgeForm
    }

    private var add: Route {
        Route(
            .post, "/documents", "inbox.addDocument", "Takes a document for the bot to answer from.",
            policy: .signedIn, limit: .per(.person, "inbox.upload", 10, in: .seconds(3_600)), budget: 4,
            bodyLimit: KnowledgeDocument.Bounds.bytes, accepts: .bytes, deadline: .seconds(120), status: 201,
            failures: [
                Failures.notAllowed, Failures.limit,
                Failure("inbox.documentTooLarge", 413, "The document is larger than may be."),
                Failure("inbox.documentUnreadable", 415, "The document cannot be read."),
                Failure("inbox.documentKnown", 409, "The same document is there already."),
            ]
        ) { [office] (request: Request<AddInput>) in
            try await refusing {
                let person = try request.context.person(atLeast: .admin)
                let bytes = try await HookDesk.bytes(of: request.context.body)
                return DocumentOutput(
                    try await office.knowledge.add(
                        bytes, as: request.input.form.form, titled: request.input.title, by: person,
                        in: request.tenant))
            }
        }
    }

    private struct OfDocument: Input {
        static let fields: [Field] = [.path("id", .id, "The document.")]

        let id: ID<KnowledgeDocument>
    }

    private var remove: Route {
        Route(
            .delete, "/documents/{id}", "inbox.removeDocument",
            "Removes a document; nothing is answered from it any more.", policy: .signedIn, limit: Rates.writing,
            budget: 12, status: 204, failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfDocument>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                try await office.knowledge.remove(request.input.id, in: request.tenant)
                return NoContent()
            }
        }
    }
}
