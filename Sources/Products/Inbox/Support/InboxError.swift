import Base

/// What a request to Inbox was refused for.
struct InboxError: CodedError {
    enum Code: String, CaseIterable, Sendable {
        case accountTaken = "inbox.accountTaken"
        case alreadyAssigned = "inbox.alreadyAssigned"
        case alreadyMerged = "inbox.alreadyMerged"
        case challengeInvalid = "inbox.challengeInvalid"
        case channelInvalid = "inbox.channelInvalid"
        case contactInvalid = "inbox.contactInvalid"
        case conversationClosed = "inbox.conversationClosed"
        case cursorInvalid = "inbox.cursorInvalid"
        case documentKnown = "inbox.documentKnown"
        case documentTooLarge = "inbox.documentTooLarge"
        case documentUnreadable = "inbox.documentUnreadable"
        case endpointInvalid = "inbox.endpointInvalid"
        case exportExpired = "inbox.exportExpired"
        case exportNotReady = "inbox.exportNotReady"
        case fileTooLarge = "inbox.fileTooLarge"
        case hookInvalid = "inbox.hookInvalid"
        case identityInvalid = "inbox.identityInvalid"
        case limitReached = "inbox.limitReached"
        case messageInvalid = "inbox.messageInvalid"
        case nameTaken = "inbox.nameTaken"
        case notAllowed = "inbox.notAllowed"
        case notClosed = "inbox.notClosed"
        case notFound = "inbox.notFound"
        case originRefused = "inbox.originRefused"
        case policyInvalid = "inbox.policyInvalid"
        case ruleInvalid = "inbox.ruleInvalid"
        case settingInvalid = "inbox.settingInvalid"
        case signatureInvalid = "inbox.signatureInvalid"
        case sourceInvalid = "inbox.sourceInvalid"
        case threadMoved = "inbox.threadMoved"
        case timeInvalid = "inbox.timeInvalid"
        case tooLate = "inbox.tooLate"
        case tooLong = "inbox.tooLong"
        case visitorInvalid = "inbox.visitorInvalid"
        case widgetInvalid = "inbox.widgetInvalid"
        case windowClosed = "inbox.windowClosed"
    }

    let code: Code
    let message: String
    var context: [String: String] = [:]
    var underlying: (any Error)?
    /// When the same request may succeed.
    var retryAfter: Duration?
    /// What has come into the thread that whoever answers had not seen.
    var unseen: [Message] = []

    init(_ code: Code, _ message: String, retryAfter: Duration? = nil, context: [String: String] = [:]) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.context = context
    }

    /// There is no such thing in this company.
    static func missing(_ noun: String) -> InboxError {
        InboxError(.notFound, "There is no such \(noun), or not any more.")
    }

    /// Something that the company sets up breaks a rule.
    static func invalid(_ noun: String, _ field: String) -> InboxError {
        InboxError(.settingInvalid, "The \(noun) cannot be so for its \(field).", context: ["field": field])
    }

    /// There are as many as there may be.
    static func full(_ limit: Int, _ nouns: String) -> InboxError {
        InboxError(.limitReached, "A company has at most \(limit) \(nouns).", context: ["limit": "\(limit)"])
    }
}
