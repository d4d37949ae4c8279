public import Base
import Crypto

/// Who a visitor is, as the company's own server says: a user's id and until when the word holds, under the channel's
/// secret.
///
/// The company's server computes HMAC-SHA256 over `<expires>.<userId>` with the secret as it is, and gives its page the
/// three: id, expiry and the 64 hexadecimal digits. A signature without an expiry could be replayed for ever; computed in
/// the browser it would prove nothing, as the secret would be there.
public struct WidgetIdentity: Sendable, Hashable {
    /// What holds for every identity.
    public enum Bounds {
        /// The longest user id in bytes.
        public static let userIdBytes = 200
        /// How far the expiry may lie ahead: what holds longer is no proof of a visit.
        public static let lifetime: Duration = .seconds(7 * 86_400)
    }

    /// Why an identity is not believed.
    public enum Fault: String, Error, Sendable, Hashable, CaseIterable {
        /// The channel has no secret: nobody is believed.
        case noSecret
        /// A part is missing, empty or too long.
        case unreadable
        /// Its time is over.
        case expired
        /// It would hold longer than ``Bounds/lifetime``.
        case tooLong
        /// It is signed with another secret, or for somebody else.
        case mismatch
    }

    /// The company's own id of the user.
    public let userId: String
    /// Until when it holds.
    public let expires: Timestamp

    /// Believes an identity, or says why not.
    ///
    /// - Parameters:
    ///   - userId: The company's id of the user.
    ///   - expires: Seconds since 1970.
    ///   - signature: 64 hexadecimal digits.
    ///   - secrets: The channel's; all are tried.
    ///   - now: Our time.
    /// - Throws: ``Fault``.
    public init(
        userId: String, expires: Int64, signature: String, with secrets: [Secret<String>], at now: Timestamp
    ) throws(Fault) {
        let usable = ChannelSecrets(signing: secrets).signing
        guard !usable.isEmpty else { throw .noSecret }
        guard (1...Bounds.userIdBytes).contains(userId.utf8.count), !userId.utf8.contains(0),
            (1...VendorTime.Bounds.seconds).contains(expires), let given = HexDigits.bytes(signature, count: 32)
        else { throw .unreadable }
        var isRight = false
        for secret in usable {
            let matches = ConstantTime.areEqual(Self.code(userId: userId, expires: expires, secret), given)
            isRight = isRight || matches
        }
        guard isRight else { throw .mismatch }
        let end = Timestamp(microseconds: expires * 1_000_000)
        guard now < end else { throw .expired }
        guard end - now <= Bounds.lifetime else { throw .tooLong }
        self.userId = userId
        self.expires = end
    }

    /// What the company's server computes, as 64 hexadecimal digits.
    public static func signature(userId: String, expires: Int64, with secret: Secret<String>) -> String {
        HexDigits.text(code(userId: userId, expires: expires, secret))
    }

    private static func code(userId: String, expires: Int64, _ secret: Secret<String>) -> [UInt8] {
        let key = SymmetricKey(data: secret.reveal { Array($0.utf8) })
        return Array(HMAC<SHA256>.authenticationCode(for: Array("\(expires).\(userId)".utf8), using: key))
    }
}
