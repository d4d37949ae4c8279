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
    var userAgent: String?
    var hasLanguage = true
    /// Whether the browser sent `Sec-CH-UA`.
    var hasClientHints = true
    /// Whether the browser would have sent client hints: only over TLS or to its own machine.
    var mayHaveClientHints = true
    var hasReplayedToken = false
    /// Voters of the address group that were first seen within the hour, this one included.
    var newcomers = 0
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

    static let none = Risk(reasons: [])

    var points: Int { reasons.reduce(0) { $0 + $1.points } }
    var isBlocking: Bool { points >= Bounds.blocks }
    var needsReview: Bool { points >= Bounds.review }

    private init(reasons: [RiskReason]) { self.reasons = reasons }

    init(_ features: RiskFeatures) {
        var reasons: [RiskReason] = []
        let agent = (features.userAgent ?? "").prefix(Bounds.agentBytes).lowercased()
        if !agent.contains(where: { !$0.isWhitespace }) { reasons.append(.noBrowserName) }
        if Self.headlessMarks.contains(where: agent.contains) { reasons.append(.headlessMarks) }
        if !features.hasLanguage { reasons.append(.noLanguage) }
        if agent.contains("chrome/"), !features.hasClientHints, features.mayHaveClientHints,
            !Self.chromeWithoutHints.contains(where: agent.contains)
        {
            reasons.append(.chromeWithoutHints)
        }
        if features.hasReplayedToken { reasons.append(.replayedToken) }
        if features.newcomers > Bounds.newcomers { reasons.append(.manyNewcomers) }
        self.reasons = reasons
    }

    private static let headlessMarks = [
        "headless", "phantomjs", "puppeteer", "playwright", "selenium", "webdriver", "slimerjs",
    ]
    /// Browsers that name Chrome and do not speak of client hints.
    private static let chromeWithoutHints = ["crios/", "; wv)", "firefox/"]
}
