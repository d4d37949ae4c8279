import Base

/// What a request to the tournament was refused for.
struct TournamentError: CodedError {
    enum Code: String, CaseIterable, Sendable {
        case alreadyVoted = "tournament.alreadyVoted"
        case banned = "tournament.banned"
        case boardMoved = "tournament.boardMoved"
        case captchaFailed = "tournament.captchaFailed"
        case captchaRequired = "tournament.captchaRequired"
        case caseDecided = "tournament.caseDecided"
        case clipInvalid = "tournament.clipInvalid"
        case clipLimit = "tournament.clipLimit"
        case clipNotFound = "tournament.clipNotFound"
        case clipReviewed = "tournament.clipReviewed"
        case clipSettled = "tournament.clipSettled"
        case commentInvalid = "tournament.commentInvalid"
        case dailyLimit = "tournament.dailyLimit"
        case followInvalid = "tournament.followInvalid"
        case invalidSeason = "tournament.invalidSeason"
        case megaSpent = "tournament.megaSpent"
        case noVote = "tournament.noVote"
        case notFound = "tournament.notFound"
        case notVerified = "tournament.notVerified"
        case ownClip = "tournament.ownClip"
        case riskBlocked = "tournament.riskBlocked"
        case seasonExists = "tournament.seasonExists"
        case signInRequired = "tournament.signInRequired"
        case slotClosed = "tournament.slotClosed"
        case superSpent = "tournament.superSpent"
        case uploadExpired = "tournament.uploadExpired"
        case uploadInvalid = "tournament.uploadInvalid"
        case uploadMissing = "tournament.uploadMissing"
        case uploadUsed = "tournament.uploadUsed"
        case uploadsBusy = "tournament.uploadsBusy"
        case votingFrozen = "tournament.votingFrozen"
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
}
