import Base

/// What the bot may answer from.
struct KnowledgePage: Sendable {
    struct Line: Sendable {
        let title: String
        let form: String
        let size: String
        let state: String
        let stateKind: String
        let reason: String?
        let passages: String
        let when: String
        let removeAction: String
    }

    struct Source: Sendable {
        let title: String
        let address: String
        let state: String
        let stateKind: String
        let reason: String?
        let when: String
        let readAction: String
        let removeAction: String
    }

    let frame: Frame
    let documents: [Line]
    let hasDocuments: Bool
    let failed: [Line]
    let hasFailed: Bool
    let failedSources: [Source]
    let sources: [Source]
    let hasSources: Bool
    let hasNext: Bool
    let nextHref: String
    let asked: [String]
    let hasAsked: Bool
    let isStandIn: Bool
    let number: String
    let uploadAction = KnowledgePaths.documents
    let sourceAction = KnowledgePaths.sources
    let testHref = KnowledgePaths.test
    let policyHref = KnowledgePaths.policy
    let isAdmin: Bool

    init(
        frame: Frame, _ documents: [KnowledgeDocument], next: String?, sources: [KnowledgeSource],
        asked: [Question], number: Int64, isStandIn: Bool, at now: Timestamp
    ) {
        self.frame = frame
        isAdmin = frame.isAdmin
        let lines = documents.map { Line($0, at: now) }
        self.documents = lines
        hasDocuments = !lines.isEmpty
        failed = zip(documents, lines).filter { $0.0.state == .failed }.map(\.1)
        let all = sources.map { Source($0, at: now) }
        failedSources = zip(sources, all).filter { $0.0.state == .failed }.map(\.1)
        hasFailed = !failed.isEmpty || !failedSources.isEmpty
        self.sources = all
        hasSources = !all.isEmpty
        hasNext = next != nil
        nextHref = "\(Addresses.knowledge)?after=\(next ?? "")"
        self.asked = asked.map(\.text)
        hasAsked = !asked.isEmpty
        self.isStandIn = isStandIn
        self.number = Wording.number(number)
    }
}

extension KnowledgePage.Line {
    init(_ document: KnowledgeDocument, at now: Timestamp) {
        title = document.title
        form = KnowledgePaths.form(document.form)
        size = document.bytes < 1_024 ? "\(document.bytes) B" : "\(Wording.number(document.bytes / 1_024)) KB"
        (state, stateKind) =
            switch document.state {
            case .waiting: ("being read", "info")
            case .ready: ("ready", "good")
            case .failed: ("failed", "bad")
            }
        reason = document.reason.map(KnowledgePaths.reason)
        passages = Wording.number(document.passages)
        when = Wording.ago(now - document.createdAt)
        removeAction = "\(KnowledgePaths.documents)/\(document.id)/remove"
    }
}

extension KnowledgePage.Source {
    init(_ source: KnowledgeSource, at now: Timestamp) {
        title = source.title
        address = source.address
        (state, stateKind) =
            switch source.state {
            case .waiting: ("being read", "info")
            case .good: ("ready", "good")
            case .failed: ("failed", "bad")
            }
        reason = source.reason.map(KnowledgePaths.reason)
        when = source.checkedAt.map { "read \(Wording.ago(now - $0))" } ?? "not read yet"
        readAction = "\(KnowledgePaths.sources)/\(source.id)/read"
        removeAction = "\(KnowledgePaths.sources)/\(source.id)/remove"
    }
}

/// What the bot would say, and out of what.
struct BotTestPage: Sendable {
    struct Passage: Sendable {
        let number: Int
        let title: String
        let heading: String
        let text: String
        let similarity: String
    }

    let frame: Frame
    let question: String
    let hasAnswer: Bool
    let answer: String?
    let reason: String?
    let score: String
    let threshold: String
    let policy: String
    let tokens: String
    let took: String?
    let passages: [Passage]
    let hasPassages: Bool
    let isStandIn: Bool
    let action = KnowledgePaths.test
    let knowledgeHref = Addresses.knowledge

    init(frame: Frame, isStandIn: Bool) {
        self.init(frame: frame, question: "", nil, NumberedPolicy(number: 0, policy: BotPolicy()), isStandIn: isStandIn)
    }

    init(
        frame: Frame, question: String, _ answer: BotDesk.Answer?, _ numbered: NumberedPolicy, isStandIn: Bool
    ) {
        self.frame = frame
        self.question = question
        self.isStandIn = isStandIn
        hasAnswer = answer != nil
        switch answer?.act {
        case .say(let text): (self.answer, reason) = (text, nil)
        case .handOver(let why): (self.answer, reason) = (nil, why.words)
        case nil: (self.answer, reason) = (nil, nil)
        }
        score = answer?.score.map { KnowledgePaths.percent($0) } ?? "none"
        threshold = KnowledgePaths.percent(numbered.policy.threshold)
        policy = numbered.number == 0 ? "the defaults" : "policy \(numbered.number)"
        tokens = Wording.number(answer?.tokens ?? 0)
        took = answer?.firstTextMillis.map { "first word after \(Wording.number($0)) ms" }
        passages = (answer?.found ?? []).enumerated().map { index, passage in
            Passage(
                number: index + 1, title: passage.title, heading: passage.heading,
                text: passage.text.firstScalars(600),
                similarity: passage.similarity.map { KnowledgePaths.percent($0) } ?? "by its words")
        }
        hasPassages = !passages.isEmpty
    }
}

/// How the bot behaves; a change is a new number.
struct PolicyPage: Sendable {
    struct Mode: Sendable {
        let value: String
        let label: String
        let isChosen: Bool
    }

    let frame: Frame
    let number: String
    let modes: [Mode]
    let temperature: String
    let tokensMax: Int
    let threshold: String
    let passages: Int
    let keywords: String
    let tone: String
    let unsure: String
    let closed: String
    let tokensPerDay: Int
    let tokensPerMonth: Int
    let hours: String?
    let isAdmin: Bool
    let action = KnowledgePaths.policy
    let knowledgeHref = Addresses.knowledge

    init(frame: Frame, _ numbered: NumberedPolicy) {
        let policy = numbered.policy
        self.frame = frame
        isAdmin = frame.isAdmin
        number =
            numbered.number == 0 ? "The defaults hold; nobody has changed them." : "Policy \(numbered.number) holds."
        modes = BotPolicy.Mode.allCases.map { mode in
            Mode(
                value: mode.rawValue,
                label: mode == .answers ? "It answers customers" : "It suggests answers to agents",
                isChosen: mode == policy.mode)
        }
        temperature = "\(policy.temperature)"
        tokensMax = policy.tokensMax
        threshold = "\(policy.threshold)"
        passages = policy.passages
        keywords = policy.keywords.joined(separator: ", ")
        tone = policy.tone
        unsure = policy.unsure
        closed = policy.closed
        tokensPerDay = policy.tokensPerDay
        tokensPerMonth = policy.tokensPerMonth
        hours = policy.hours.map { "It answers by a week plan in \($0.zone), which stays as it is." }
    }
}

/// Where the pages are, and what their words are.
enum KnowledgePaths {
    static let documents = Addresses.knowledge + "/documents"
    static let sources = Addresses.knowledge + "/sources"
    static let test = Addresses.knowledge + "/test"
    static let policy = Addresses.knowledge + "/policy"

    static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }

    static func form(_ mediaType: String) -> String {
        switch mediaType {
        case "text/plain": "text"
        case "text/markdown": "Markdown"
        case "text/html": "HTML"
        case "application/pdf": "PDF"
        default: mediaType
        }
    }

    /// Why something could not be read.
    static func reason(_ code: String) -> String {
        switch code {
        case "retrieval.documentUnreadable", InboxError.Code.documentUnreadable.rawValue:
            "It cannot be read: save it as UTF-8, or as another form."
        case "retrieval.documentTooLarge", InboxError.Code.documentTooLarge.rawValue, "tooLarge":
            "It is larger than 20 MB, or its text than 8 MB."
        case "retrieval.documentEmpty": "There is no text in it."
        case "gaveUp": "The model or the store did not answer in five attempts; delete it and add it again."
        case "fileGone": "Its file is gone from the store; upload it again."
        case InboxError.Code.documentKnown.rawValue: "The same content is there as another document."
        case "addressRefused": "The address leads to a private network, or redirects to one."
        case "mediaType": "It is neither a page nor text nor PDF."
        case "outbound.unresolved": "There is no such host."
        case "outbound.tls": "Its certificate is not good."
        case "outbound.timedOut": "It did not answer in time."
        case let code where code.hasPrefix("status"): "It answers with status \(code.dropFirst(6))."
        default: "It could not be read (\(code))."
        }
    }
}

extension BotMachine.Reason {
    /// Why the bot would hand over, for people.
    var words: String {
        switch self {
        case .keyword: "The question names a word at which people take over."
        case .unsure: "Nothing in the documents is alike enough: it would say that it is not sure, and hand over."
        case .failures: "The model failed twice."
        case .tooManyReplies: "It has said enough in this conversation."
        case .tooFast: "It has answered too often within a minute."
        case .budget: "The company's budget of tokens is spent."
        case .asked: "The model itself hands over: the passages do not answer this."
        case .refused: "The model gave no answer."
        case .windowClosed: "The vendor's window is closed."
        }
    }
}
