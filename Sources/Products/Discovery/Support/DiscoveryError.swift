import Base

/// What a request to Discovery was refused for.
struct DiscoveryError: CodedError {
    enum Code: String, CaseIterable, Sendable {
        case alreadyContacted = "discovery.alreadyContacted"
        case creditsShort = "discovery.creditsShort"
        case cursorInvalid = "discovery.cursorInvalid"
        case dailyLimit = "discovery.dailyLimit"
        case exportEnded = "discovery.exportEnded"
        case exportExpired = "discovery.exportExpired"
        case exportLimit = "discovery.exportLimit"
        case exportNotReady = "discovery.exportNotReady"
        case exportTooLarge = "discovery.exportTooLarge"
        case identityInvalid = "discovery.identityInvalid"
        case keywordsInvalid = "discovery.keywordsInvalid"
        case limitReached = "discovery.limitReached"
        case listBusy = "discovery.listBusy"
        case listFull = "discovery.listFull"
        case listInvalid = "discovery.listInvalid"
        case notAllowed = "discovery.notAllowed"
        case notFound = "discovery.notFound"
        case nothingToRetry = "discovery.nothingToRetry"
        case requestReused = "discovery.requestReused"
        case searchActive = "discovery.searchActive"
        case searchEnded = "discovery.searchEnded"
        case signatureInvalid = "discovery.signatureInvalid"
        case tooManySearches = "discovery.tooManySearches"
        case vendorUnavailable = "discovery.vendorUnavailable"
        case webhookInvalid = "discovery.webhookInvalid"
    }

    let code: Code
    let message: String
    var context: [String: String] = [:]
    var underlying: (any Error)?
    /// When the same request may succeed.
    var retryAfter: Duration?

    init(_ code: Code, _ message: String, retryAfter: Duration? = nil, context: [String: String] = [:]) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.context = context
    }

    /// There is no such thing in this workspace.
    static func missing(_ noun: String) -> DiscoveryError {
        DiscoveryError(.notFound, "There is no such \(noun), or not any more.")
    }
}
