public import Base
import Crypto

/// What a visitor's browser keeps: signed by us, so that no visitor can name another.
///
/// A visitor is `v:` and random digits; a known user is `u:` and the company's id, and only after a
/// ``WidgetIdentity``. Every message is bound to what the token says, so an identity binds messages, not only a profile;
/// an anonymous history stays the anonymous visitor's until somebody merges it.
public struct VisitorToken: Sendable, Hashable {
    /// What holds for every token.
    public enum Bounds {
        /// How long an anonymous visitor is remembered.
        public static let visitor: Duration = .seconds(90 * 86_400)
        /// The longest token in bytes.
        public static let bytes = 1_024
        /// Keys that are tried.
        public static let keys = 4
    }

    /// Why a token is not believed.
    public enum Fault: String, Error, Sendable, Hashable, CaseIterable {
        /// There is no key: nobody is believed.
        case noKey
        /// It has not the form of a token.
        case unreadable
        /// None of our keys signed it.
        case mismatch
        /// It is of another channel.
        case otherChannel
        /// Its time is over.
        case expired
    }

    /// The channel it is for, by its id.
    public let channel: String
    /// Who it is: what ``InboundEntry/externalUserId`` will be.
    public let externalUserId: String
    /// Until when it holds.
    public let expires: Timestamp

    /// Makes a token of a visitor that nobody knows.
    public init(channel: String, now: Timestamp, using randomness: some Randomness) {
        self.channel = channel
        externalUserId = "v:" + Base64URL.encode(randomness.bytes(16))
        expires = now + Bounds.visitor
    }

    /// Makes a token of a known user; it holds no longer than the identity.
    public init(channel: String, _ identity: WidgetIdentity) {
        self.channel = channel
        externalUserId = "u:" + identity.userId
        expires = identity.expires
    }

    private init(channel: String, externalUserId: String, expires: Timestamp) {
        self.channel = channel
        self.externalUserId = externalUserId
        self.expires = expires
    }

    /// The same visitor for another while; a known user's token lasts as long as the company's word.
    public func renewed(at now: Timestamp) -> VisitorToken {
        isKnown
            ? self
            : VisitorToken(channel: channel, externalUserId: externalUserId, expires: now + Bounds.visitor)
    }

    /// Whether the company's server has said who it is.
    public var isKnown: Bool { externalUserId.hasPrefix("u:") }

    /// The token as text that may stand in a header.
    ///
    /// - Parameter key: The first of the keys it will be read with; at least 32 bytes.
    /// - Returns: At most ``Bounds/bytes``.
    public func text(signedWith key: Secret<[UInt8]>) -> String {
        let body = Base64URL.encode(
            VendorJSONText.list([.text(channel), .text(externalUserId), .number(expires.microseconds)])
                .description.utf8)
        return "\(body).\(Base64URL.encode(Self.code(body, key)))"
    }

    /// Believes a token, or says why not.
    ///
    /// - Parameters:
    ///   - text: What the visitor's browser sent.
    ///   - channel: The channel it came to.
    ///   - keys: Ours; the newest first.
    ///   - now: Our time.
    /// - Throws: ``Fault``.
    public init(_ text: String, channel: String, keys: [Secret<[UInt8]>], at now: Timestamp) throws(Fault) {
        let usable = keys.prefix(Bounds.keys).filter { $0.reveal { $0.count >= 32 } }
        guard !usable.isEmpty else { throw .noKey }
        guard text.utf8.count <= Bounds.bytes else { throw .unreadable }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let given = Base64URL.decode(parts[1]) else { throw .unreadable }
        var isRight = false
        for key in usable {
            let matches = ConstantTime.areEqual(Self.code(String(parts[0]), key), given)
            isRight = isRight || matches
        }
        guard isRight else { throw .mismatch }
        guard let body = Base64URL.decode(parts[0]).flatMap({ VendorJSON($0) })?.elements, body.count == 3,
            let named = body[0].text, let user = body[1].text, let end = body[2].integer
        else { throw .unreadable }
        guard named == channel else { throw .otherChannel }
        expires = Timestamp(microseconds: end)
        guard now < expires else { throw .expired }
        self.channel = named
        externalUserId = user
    }

    private static func code(_ body: String, _ key: Secret<[UInt8]>) -> [UInt8] {
        // The purpose is part of what is signed: a key that signs other things too makes no tokens by accident.
        Array(
            HMAC<SHA256>.authenticationCode(
                for: Array("inbox.visitor.\(body)".utf8), using: SymmetricKey(data: key.reveal { $0 })))
    }
}
