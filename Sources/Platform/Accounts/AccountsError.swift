public import Base

/// Why something with accounts could not be done, when it is neither the database nor an expected refusal.
public struct AccountsError: CodedError {
    /// What can go wrong.
    public enum Code: String, CaseIterable, Sendable {
        /// The e-mail address is none.
        case emailInvalid = "accounts.emailInvalid"
        /// The password is too short or too long.
        case passwordInvalid = "accounts.passwordInvalid"
        /// The name is empty, too long or holds control characters.
        case nameInvalid = "accounts.nameInvalid"
        /// The tenant's short name or host is malformed.
        case slugInvalid = "accounts.slugInvalid"
        /// Another person has this e-mail address.
        case emailTaken = "accounts.emailTaken"
        /// Another tenant has this short name or host.
        case slugTaken = "accounts.slugTaken"
        /// There is no such person, membership, tenant or key.
        case notFound = "accounts.notFound"
        /// The owner of a tenant cannot be banned or lose the role.
        case ownerProtected = "accounts.ownerProtected"
        /// As many passwords are being checked as may wait.
        case busy = "accounts.busy"
        /// Too many API keys.
        case tooManyKeys = "accounts.tooManyKeys"
        /// Address and password do not belong together.
        case refused = "accounts.refused"
        /// The person is banned.
        case banned = "accounts.banned"
        /// Too many sign-ins or sign-ups.
        case limited = "accounts.limited"
        /// The tenant lets nobody in who was not invited.
        case closed = "accounts.closed"
        /// A device's push endpoint must not be called, or its keys are none.
        case endpointInvalid = "accounts.endpointInvalid"
        /// Somebody would give a role above their own.
        case roleTooHigh = "accounts.roleTooHigh"
        /// Somebody with this address is a member already.
        case alreadyMember = "accounts.alreadyMember"
        /// As many invitations are open as may be.
        case tooManyInvitations = "accounts.tooManyInvitations"
        /// There is no invitation of this link.
        case invitationUnknown = "accounts.invitationUnknown"
        /// The invitation was accepted already.
        case invitationUsed = "accounts.invitationUsed"
        /// The invitation was taken back.
        case invitationWithdrawn = "accounts.invitationWithdrawn"
        /// The invitation's time is over.
        case invitationExpired = "accounts.invitationExpired"
        /// The invitation is for another address than the one that somebody is signed in by.
        case invitationForAnother = "accounts.invitationForAnother"
        /// A password could not be hashed.
        case hashingFailed = "accounts.hashingFailed"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// Nothing private.
    public let context: [String: String]
    /// The error that caused this one.
    public let underlying: (any Error)?

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: What went wrong.
    ///   - message: One sentence, free of users' values.
    ///   - context: Names that help to find the cause.
    ///   - underlying: The error that caused this one.
    public init(_ code: Code, _ message: String, context: [String: String] = [:], underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.context = context
        self.underlying = underlying
    }
}
