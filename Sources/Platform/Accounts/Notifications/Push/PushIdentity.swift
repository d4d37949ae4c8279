public import Base
import Crypto
import Foundation
import Outbound

/// Who we are to push services: a key pair, and whom they may write to (VAPID, RFC 8292).
///
/// Devices subscribe to this key. With another one all of them have to subscribe again.
public struct PushIdentity: Sendable {
    /// How long a token is good; services take a day at most.
    static let tokenLifetime = Duration.seconds(12 * 3_600)

    /// The public key as browsers want it, in base64 of addresses.
    public let publicKey: String
    private let key: P256.Signing.PrivateKey
    private let contact: String

    /// Derives the key pair.
    ///
    /// - Parameters:
    ///   - secret: 32 bytes or more that all nodes of the installation share.
    ///   - contact: Whom a push service may write to, as in `mailto:you@example.com` or an address of the web.
    public init(secret: Secret<[UInt8]>, contact: String) {
        key = secret.reveal { secret in
            // One number in 2^32 is no key of the curve: then the next one is taken.
            for attempt in 0..<8 {
                let bytes = HKDF<SHA256>.deriveKey(
                    inputKeyMaterial: SymmetricKey(data: secret), info: Data("capstan.push.\(attempt)".utf8),
                    outputByteCount: 32
                ).withUnsafeBytes { Data($0) }
                // That these bytes are no key is what the next attempt is for.
                if let key = try? P256.Signing.PrivateKey(rawRepresentation: bytes) { return key }
            }
            preconditionFailure("eight numbers in a row are no keys of the curve")
        }
        publicKey = Base64URL.encode(key.publicKey.x963Representation)
        self.contact = contact
    }

    /// The value of `Authorization` for a request to a push service.
    func authorization(for endpoint: OutboundAddress, at now: Timestamp) throws -> String {
        struct Claims: Encodable {
            var aud: String
            var exp: Int64
            var sub: String
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // The audience is the origin alone, and the expiry is rounded so that a token can be told apart from none.
        let claims = Claims(aud: endpoint.origin, exp: (now + Self.tokenLifetime).seconds, sub: contact)
        let signed =
            Base64URL.encode(Array(#"{"alg":"ES256","typ":"JWT"}"#.utf8)) + "."
            + Base64URL.encode(try encoder.encode(claims))
        // The 64 bytes themselves, not the structure that most libraries put around them.
        let signature = try key.signature(for: Data(signed.utf8)).rawRepresentation
        return "vapid t=\(signed).\(Base64URL.encode(signature)), k=\(publicKey)"
    }
}
