import Base

/// Why a request looks automated; each reason has its points.
enum RiskReason: String, Sendable, Hashable, Codable, CaseIterable {
    case noBrowserName
    case headlessMarks
    case noLanguage
    case chromeWithoutHints
    case replayedToken
    case manyNewcomers

    var points: Int {
        switch self {
        case .noBrowserName: 30
        case .headlessMarks: 50
        case .noLanguage: 10
        case .chromeWithoutHints: 15
        case .replayedToken: 40
        case .manyNewcomers: 20
        }
    }

    /// Words for moderators.
    var words: String {
        switch self {
        case .noBrowserName: "no browser name"
        case .headlessMarks: "marks of a headless browser"
        case .noLanguage: "no language header"
        case .chromeWithoutHints: "claims Chrome without client hints"
        case .replayedToken: "token replayed"
        case .manyNewcomers: "many new voters from one address group"
        }
    }
}

/// What is known of a request when it votes.
///
/// An address group is a feature among others and never an identity: whoever shares one with many is not kept from
/// voting by that alone.
struct RiskFeatures: Sendable, Hashable {
    var agent: AgentTraits
    var hasLanguage = true
    /// Whether the browser sent `Sec-CH-UA`.
    var hasClientHints = true
    /// Whether the browser would have sent client hints: only over TLS or to its own machine.
    var mayHaveClientHints = true
    var hasReplayedToken = false
    /// Voters of the address group that were first seen within the hour, this one included.
    var newcomers = 0

    init(agent: AgentTraits) { self.agent = agent }
}

/// What a browser's name says about it.
struct AgentTraits: Sendable, Hashable {
    let isMissing: Bool
    let isHeadless: Bool
    /// Whether such a browser sends client hints where it may.
    let hasHints: Bool

    init(_ name: String?) {
        let name = (name ?? "").prefix(Risk.Bounds.agentBytes).lowercased()
        isMissing = !name.contains { !$0.isWhitespace }
        isHeadless = Self.headlessMarks.contains(where: name.contains)
        hasHints = name.contains("chrome/") && !Self.silentMarks.contains(where: name.contains)
    }

    private static let headlessMarks = [
        "headless", "phantomjs", "puppeteer", "playwright", "selenium", "webdriver", "slimerjs",
    ]
    /// Browsers that name Chrome and do not speak of client hints.
    private static let silentMarks = ["crios/", "; wv)", "firefox/"]
}

/// How automated a request looks: a pure function of its features.
struct Risk: Sendable, Hashable {
    enum Bounds {
        /// From here on a vote is refused.
        static let blocks = 90
        /// From here on a vote counts and waits for a moderator's look.
        static let review = 70
        /// New voters of one address group within an hour that raise no question.
        static let newcomers = 20
        /// Bytes of a browser's name that are looked at.
        static let agentBytes = 512
    }

    let reasons: [RiskReason]

    var points: Int { reasons.reduce(0) { $0 + $1.points } }
    var isBlocking: Bool { points >= Bounds.blocks }
    var needsReview: Bool { points >= Bounds.review }

    init(_ features: RiskFeatures) {
        var reasons: [RiskReason] = []
        if features.agent.isMissing { reasons.append(.noBrowserName) }
        if features.agent.isHeadless { reasons.append(.headlessMarks) }
        if !features.hasLanguage { reasons.append(.noLanguage) }
        if features.agent.hasHints, !features.hasClientHints, features.mayHaveClientHints {
            reasons.append(.chromeWithoutHints)
        }
        if features.hasReplayedToken { reasons.append(.replayedToken) }
        if features.newcomers > Bounds.newcomers { reasons.append(.manyNewcomers) }
        self.reasons = reasons
    }
}
