public import Base
import Crypto
import Foundation
public import Storage
public import Web

/// That somebody with an address may become a member of a tenant, with a role.
public struct Invitation: Sendable, Hashable {
    /// Whether the invitation lets anybody in.
    public enum State: String, Sendable, CaseIterable {
        /// It does.
        case open
        /// It did, once.
        case accepted
        /// It was taken back, or whoever gave it may not give it any more.
        case withdrawn
        /// Its time is over.
        case expired
    }

    /// How long an invitation is good: 7 days.
    public static let lifetime = Duration.seconds(7 * 86_400)
    /// How long it is remembered, so that its link can say what became of it: 37 days.
    static let age = Duration.seconds(37 * 86_400)

    /// The invitation; the same when it was given anew.
    public let id: ID<Invitation>
    /// Whose it is.
    public let email: EmailAddress
    /// What the person may do as a member.
    public let role: Role
    /// Who gave it.
    public let invitedBy: ID<Person>
    /// What others call who gave it.
    public let inviterName: String
    /// When it was given, or given anew.
    public let createdAt: Timestamp
    /// Until when it is good.
    public let expiresAt: Timestamp
    /// When it was accepted; `nil` until then.
    public let acceptedAt: Timestamp?
    /// When it was taken back; `nil` until then.
    public let withdrawnAt: Timestamp?
    /// Whether who gave it could give it still.
    ///
    /// Whoever lost their place has left no door open behind them.
    public let isBacked: Bool

    /// Where it stands at `time`.
    public func state(at time: Timestamp) -> State {
        if acceptedAt != nil { return .accepted }
        if withdrawnAt != nil || !isBacked { return .withdrawn }
        return time < expiresAt ? .open : .expired
    }

    /// Refuses what lets nobody in, and says why.
    ///
    /// - Throws: `accounts.invitationUsed`, `accounts.invitationWithdrawn`, `accounts.invitationExpired`.
    func checkOpen(at time: Timestamp) throws(AccountsError) {
        switch state(at: time) {
        case .open: return
        case .accepted:
            throw AccountsError(
                .invitationUsed, "This invitation was accepted already. If it was you, sign in; else ask for another.")
        case .withdrawn:
            throw AccountsError(.invitationWithdrawn, "This invitation was taken back; ask for another one.")
        case .expired:
            throw AccountsError(
                .invitationExpired, "This invitation was good for seven days, which are over; ask for another one.")
        }
    }
}

extension Invitation: RowDecodable {
    /// Of `invitations i`, whose giver is `people p` with the place `memberships m`.
    static let columns: SQL = """
        i.id, i.email, i.role, i.invited_by, i.created_at, i.expires_at, i.accepted_at, i.withdrawn_at,
        p.name AS inviter, p.is_operator, p.banned_at, m.role AS inviter_role, m.banned_at AS banned_here
        """

    /// Reads the row of `invitations` with its giver.
    public init(row: SQLRow) throws(StorageError) {
        id = try row.value("id")
        let text = try row.value("email", as: String.self)
        guard let address = EmailAddress(text) else {
            throw StorageError(.rowMismatch, "the column email of invitations holds what is no address")
        }
        email = address
        role = try Role(column: row.value("role"))
        invitedBy = try row.value("invited_by")
        createdAt = try row.value("created_at")
        expiresAt = try row.value("expires_at")
        acceptedAt = try row.optional("accepted_at")
        withdrawnAt = try row.optional("withdrawn_at")
        inviterName = try row.optional("inviter") ?? "Somebody who has left"
        let bannedAt: Timestamp? = try row.optional("banned_at")
        let bannedHere: Timestamp? = try row.optional("banned_here")
        var standing: Role?
        if let text = try row.optional("inviter_role", as: String.self) { standing = try Role(column: text) }
        if try row.optional("is_operator", as: Bool.self) ?? false { standing = .operator }
        let isPresent = bannedAt == nil && bannedHere == nil
        if let standing { isBacked = isPresent && standing >= role } else { isBacked = false }
    }
}

/// The text of an invitation's link: 43 characters of chance.
///
/// 256 bits of chance need no slow hash: SHA-256 is stored, the text itself nowhere.
enum InvitationText {
    static let characters = 43

    static func make(using randomness: any Randomness) -> (text: Secret<String>, hash: [UInt8]) {
        let text = Base64URL.encode(randomness.bytes(32))
        return (Secret(text), hash(text))
    }

    static func hash(_ token: Secret<String>) -> [UInt8] { token.reveal(hash) }

    private static func hash(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Data(text.utf8))) }
}
