import Base
import Crypto

/// A way to a list for people without a seat: they read, and nothing else.
struct ShareLink: Sendable, Hashable {
    enum Bounds {
        /// Bytes of a token.
        static let tokenBytes = 16
        /// Days that a link may be good for.
        static let days = 1...90
        static let daysByDefault = 30
        /// Links of one list that are good at the same time.
        static let links = 20
        /// Entries of a page.
        static let page = 50
    }

    let id: ID<ShareLink>
    let listID: ID<CreatorList>
    let personID: ID<Person>
    let createdAt: Timestamp
    let expiresAt: Timestamp
    var revokedAt: Timestamp?

    func isGood(at now: Timestamp) -> Bool { revokedAt == nil && now < expiresAt }

    /// A new token: 128 bits that nobody can guess, told once.
    static func makeToken(using randomness: some Randomness) -> String {
        Base64URL.encode(randomness.bytes(Bounds.tokenBytes))
    }

    /// What is kept of a token; `nil` for text that is none.
    ///
    /// Whoever reads the table cannot make a link of it: the token has too many bits to be tried.
    static func hash(of token: String) -> [UInt8]? {
        guard let bytes = Base64URL.decode(token), bytes.count == Bounds.tokenBytes else { return nil }
        return Array(SHA256.hash(data: bytes))
    }
}
