import Base
import Storage
import Web

/// What the bot answers from, trying it, and its policy.
struct KnowledgePageRoutes: Sendable {
    let office: Office

    var routes: [Route] {
        [list, upload, remove, addSource, readSource, removeSource, showTest, test, showPolicy, setPolicy]
    }

    private static let uploading = RouteLimit.per(.person, "inbox.upload", 10, in: .seconds(3_600))

    private struct ListInput: Input {
        static let fields: [Field] = [.query("after", optional: .cursor), .query("said", optional: .text(1...60))]

        let after: Cursor?
        let said: String?
    }

    private var list: Route {
        Route(
            .get, "/inbox/knowledge", "inbox.showKnowledge", "Shows what the bot may answer from.", policy: .signedIn,
            limit: Rates.reading, budget: 5, failures: [Failures.notAllowed, Failures.cursor]
        ) { [office] (request: Request<ListInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .agent)
                let tenant = request.tenant
                let page = try await office.knowledge.store.page(after: request.input.after, limit: 25, in: tenant)
                let shown = KnowledgePage(
                    frame: try await office.frames.frame(.knowledge, for: request.context), page.items,
                    next: page.next?.description, sources: try await office.sources.store.all(in: tenant),
                    asked: try await office.answering.store.popular(limit: 10, in: tenant),
                    number: try await office.prepared.store.knowledge(in: tenant),
                    isStandIn: office.answering.isStandIn, at: office.clock.now())
                return InboxPages.page(
                    "Knowledge", "knowledge", shown, styles: ["channels.css"], said: request.input.said)
            }
        }
    }

    // MARK: Documents

    /// How a file is read: by what it is called here, or by its first bytes.
    private enum Form: String, Sendable, Codable, CaseIterable {
        case auto, text, markdown, html, pdf

        func form(of bytes: [UInt8]) -> KnowledgeForm {
            switch self {
            case .text: return .text
            case .markdown: return .markdown
            case .html: return .html
            case .pdf: return .pdf
            case .auto:
                if bytes.starts(with: "%PDF".utf8) { return .pdf }
                let start = String(decoding: bytes.prefix(512), as: UTF8.self).lowercased()
                let isPage = start.trimmed.hasPrefix("<!doctype html") || start.trimmed.hasPrefix("<html")
                return isPage ? .html : .markdown
            }
        }
    }

    private struct UploadSent: Input {
        static let fields: [Field] = [
            .body("title", .text(0...KnowledgeDocument.Bounds.titleCharacters)), .body("form", .choice(Form.self)),
        ]

        let title: String
        let form: Form
    }

    private var upload: Route {
        Route(
            .post, "/inbox/knowledge/documents", "inbox.sendDocument", "Takes a document by form.", policy: .signedIn,
            limit: Self.uploading, budget: 4, bodyLimit: ByteCount(KnowledgeDocument.Bounds.bytes.bytes + 65_536),
            accepts: .formWithFile, deadline: .seconds(120), status: 303,
            failures: [
                Failures.notAllowed, Failures.limit,
                Failure("inbox.documentTooLarge", 413, "The document is larger than may be."),
                Failure("inbox.documentUnreadable", 415, "The document cannot be read."),
                Failure("inbox.documentKnown", 409, "The same document is there already."),
            ]
        ) { [office] (request: Request<UploadSent>) in
            let bytes = try await HookDesk.bytes(of: request.context.body)
            guard !bytes.isEmpty else { return Redirect(to: "\(Addresses.knowledge)?said=noFile") }
            return try await Said.after(Addresses.knowledge) {
                try await refusing {
                    let person = try request.context.person(atLeast: .admin)
                    _ = try await office.knowledge.add(
                        bytes, as: request.input.form.form(of: bytes).form, titled: request.input.title, by: person,
                        in: request.tenant)
                }
                return "documentAdded"
            }
        }
    }

    private var remove: Route {
        Route(
            .post, "/inbox/knowledge/documents/{id}/remove", "inbox.sendDocumentRemoval", "Removes a document by form.",
            policy: .signedIn, limit: Rates.writing, budget: 13, accepts: .form, status: 303,
            failures: [Failures.notAllowed]
        ) { [office] (request: Request<ByID<KnowledgeDocument>>) in
            try await Said.after(Addresses.knowledge) {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.knowledge.remove(request.input.id, in: request.tenant)
                }
                return "documentRemoved"
            }
        }
    }

    // MARK: Addresses

    private struct SourceSent: Input {
        static let fields: [Field] = [
            .body("address", .text(0...KnowledgeSource.Bounds.addressBytes)),
            .body("title", optional: .text(0...KnowledgeDocument.Bounds.titleCharacters)),
        ]

        let address: String
        let title: String?
    }

    private var addSource: Route {
        Route(
            .post, "/inbox/knowledge/sources", "inbox.sendSource", "Has an address be read, by form.",
            policy: .signedIn, limit: Self.uploading, budget: 2, accepts: .form, status: 303,
            failures: [Failures.notAllowed]
        ) { [office] (request: Request<SourceSent>) in
            try await Said.after(Addresses.knowledge, anchor: "addresses") {
                try await refusing {
                    let person = try request.context.person(atLeast: .admin)
                    _ = try await office.sources.add(
                        request.input.address, titled: request.input.title, by: person, in: request.tenant)
                }
                return "sourceAdded"
            }
        }
    }

    private var readSource: Route {
        Route(
            .post, "/inbox/knowledge/sources/{id}/read", "inbox.sendSourceReading",
            "Has an address be read now, by form.", policy: .signedIn, limit: Rates.writing, budget: 2, accepts: .form,
            status: 303, failures: [Failures.notAllowed]
        ) { [office] (request: Request<ByID<KnowledgeSource>>) in
            try await Said.after(Addresses.knowledge, anchor: "addresses") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.sources.refresh(request.input.id, in: request.tenant)
                }
                return "sourceReading"
            }
        }
    }

    private var removeSource: Route {
        Route(
            .post, "/inbox/knowledge/sources/{id}/remove", "inbox.sendSourceRemoval", "Removes an address by form.",
            policy: .signedIn, limit: Rates.writing, budget: 16, accepts: .form, status: 303,
            failures: [Failures.notAllowed]
        ) { [office] (request: Request<ByID<KnowledgeSource>>) in
            try await Said.after(Addresses.knowledge, anchor: "addresses") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.sources.remove(request.input.id, in: request.tenant)
                }
                return "sourceRemoved"
            }
        }
    }

    // MARK: Trying

    private var showTest: Route {
        Route(
            .get, "/inbox/knowledge/test", "inbox.showBotTest", "Shows where the bot is tried.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.notAllowed]
        ) { [office] (request: Request<NoInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .agent)
                let page = BotTestPage(
                    frame: try await office.frames.frame(.knowledge, for: request.context),
                    isStandIn: office.answering.isStandIn)
                return InboxPages.page("Try the bot", "bot-test", page, styles: ["channels.css"])
            }
        }
    }

    private struct QuestionSent: Input {
        static let fields: [Field] = [.body("question", .text(1...1_000))]

        let question: String
    }

    private var test: Route {
        Route(
            .post, "/inbox/knowledge/test", "inbox.sendBotTest", "Shows what the bot would say; says it to nobody.",
            policy: .signedIn, limit: .per(.person, "inbox.dear", 10, in: .seconds(10)), budget: 36, accepts: .form,
            deadline: .seconds(60), failures: [Failures.notAllowed]
        ) { [office] (request: Request<QuestionSent>) in
            try await refusing {
                _ = try request.context.person(atLeast: .agent)
                let answer = try await office.answering.tried(request.input.question, in: request.tenant)
                let page = BotTestPage(
                    frame: try await office.frames.frame(.knowledge, for: request.context),
                    question: request.input.question, answer, try await office.answering.policy(in: request.tenant),
                    isStandIn: office.answering.isStandIn)
                return InboxPages.page("Try the bot", "bot-test", page, styles: ["channels.css"])
            }
        }
    }

    // MARK: Policy

    private struct SaidQuery: Input {
        static let fields: [Field] = [.query("said", optional: .text(1...60))]

        let said: String?
    }

    private var showPolicy: Route {
        Route(
            .get, "/inbox/knowledge/policy", "inbox.showBotPolicy", "Shows how the bot behaves.", policy: .signedIn,
            limit: Rates.reading, budget: 2, failures: [Failures.notAllowed]
        ) { [office] (request: Request<SaidQuery>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let page = PolicyPage(
                    frame: try await office.frames.frame(.knowledge, for: request.context),
                    try await office.answering.policy(in: request.tenant))
                return InboxPages.page(
                    "Bot policy", "bot-policy", page, styles: ["channels.css"], said: request.input.said)
            }
        }
    }

    private struct PolicySent: Input {
        static let fields: [Field] = [
            .body("mode", .choice(BotPolicy.Mode.self)), .body("temperature", .number(0...2)),
            .body("tokensMax", .integer(1...BotPolicy.Bounds.tokens)), .body("threshold", .number(0...1)),
            .body("passages", .integer(1...BotPolicy.Bounds.passages)), .body("keywords", optional: .text(0...4_000)),
            .body("tone", .text(0...2_000)), .body("unsure", .text(0...2_000)), .body("closed", .text(0...2_000)),
            .body("tokensPerDay", .integer(0...1_000_000_000)), .body("tokensPerMonth", .integer(0...10_000_000_000)),
        ]

        let mode: BotPolicy.Mode
        let temperature: Double
        let tokensMax: Int
        let threshold: Double
        let passages: Int
        let keywords: String?
        let tone: String
        let unsure: String
        let closed: String
        let tokensPerDay: Int
        let tokensPerMonth: Int

        func policy(hours: WeekPlan?) -> BotPolicy {
            BotPolicy(
                mode: mode, temperature: temperature, tokensMax: tokensMax, threshold: threshold, passages: passages,
                keywords: (keywords ?? "").split { $0 == "," || $0.isNewline }.map { String($0).trimmed }
                    .filter { !$0.isEmpty },
                tone: tone.storable.trimmed, hours: hours, unsure: unsure.storable.trimmed,
                closed: closed.storable.trimmed, tokensPerDay: tokensPerDay, tokensPerMonth: tokensPerMonth)
        }
    }

    private var setPolicy: Route {
        Route(
            .post, "/inbox/knowledge/policy", "inbox.sendBotPolicy", "Tells the bot something else, by form.",
            policy: .signedIn, limit: Rates.writing, budget: 4, accepts: .form, status: 303,
            failures: [Failures.notAllowed]
        ) { [office] (request: Request<PolicySent>) in
            try await Said.after(KnowledgePaths.policy) {
                try await refusing {
                    let person = try request.context.person(atLeast: .admin)
                    let hours = try await office.answering.policy(in: request.tenant).policy.hours
                    _ = try await office.answering.set(
                        request.input.policy(hours: hours), by: person, in: request.tenant)
                }
                return "policySet"
            }
        }
    }
}
