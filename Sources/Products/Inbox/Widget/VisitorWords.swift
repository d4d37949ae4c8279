import Base
import Crypto
import Foundation

/// What visitors' topics are called: a word that only we can make, so that nobody joins by guessing.
///
/// It holds where the visitor is known, signed for the company: joining checks the signature each time.
struct VisitorWords: Sendable {
    private enum Bounds {
        /// Bytes of a signature in a word.
        static let code = 16
        static let keys = 4
    }

    /// The newest first.
    let keys: [Secret<[UInt8]>]

    /// The word for where a visitor is known; `nil` when the installation has no key.
    func word(for point: ID<ContactPoint>, in tenant: Tenant) -> String? {
        keys.first.map { "\(point).\(Base64URL.encode(Self.code(point, tenant, $0)))" }
    }

    /// Where the visitor is known to whom the word was given; `nil` for a word that we have not made.
    func point(of word: String, in tenant: Tenant) -> ID<ContactPoint>? {
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let point = ID<ContactPoint>(String(parts[0])), let given = Base64URL.decode(parts[1])
        else { return nil }
        var isRight = false
        for key in keys.prefix(Bounds.keys) {
            let matches = ConstantTime.areEqual(Self.code(point, tenant, key), given)
            isRight = isRight || matches
        }
        return isRight ? point : nil
    }

    private static func code(_ point: ID<ContactPoint>, _ tenant: Tenant, _ key: Secret<[UInt8]>) -> [UInt8] {
        let key = SymmetricKey(data: key.reveal { $0 })
        let signed = Data("inbox.visitorTopic.\(tenant.id).\(point)".utf8)
        return Array(HMAC<SHA256>.authenticationCode(for: signed, using: key).prefix(Bounds.code))
    }
}

extension ID where Entity == ContactPoint {
    /// Where a visitor of a widget is known: follows from who it is, so that a topic can be named before a word is said.
    ///
    /// UUIDs of version 8 are those of a maker's own scheme; all others here are of version 7.
    static func visitor(_ user: String, at channel: ID<Channel>) -> ID<ContactPoint> {
        let digest = Array(SHA256.hash(data: Data("inbox.visitor/\(channel)/\(user)".utf8)).prefix(16))
        let raw = ID(bytes: digest) ?? ID(high: 0, low: 0)
        return ID(
            high: raw.high & 0xFFFF_FFFF_FFFF_0FFF | 0x8000,
            low: raw.low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }

    /// Whether it is a widget's visitor who is known here.
    var isVisitor: Bool { high & 0xF000 == 0x8000 }
}
