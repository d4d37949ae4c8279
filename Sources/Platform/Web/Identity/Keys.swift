public import Base
import Crypto
import Foundation

/// The secrets that sign what clients keep for us: the first signs, all verify, so that keys can be rotated.
///
/// Each secret has at least 32 bytes. One secret serves several purposes through keys derived per purpose.
public struct SigningKeys: Sendable {
    /// A secret under the name that what it signed carries.
    public struct Key: Sendable {
        /// The name, at most 32 characters.
        public let name: String
        let secret: Secret<[UInt8]>

        /// Names a secret of at least 32 bytes.
        public init(name: String, secret: Secret<[UInt8]>) {
            precondition(
                secret.reveal { $0.count } >= 32, "the signing key \(name) is too short: it must have 32 bytes or more")
            self.name = name
            self.secret = secret
        }

        func derived(for purpose: String) -> SymmetricKey {
            secret.reveal { secret in
                HKDF<SHA256>.deriveKey(
                    inputKeyMaterial: SymmetricKey(data: secret), info: Data(purpose.utf8), outputByteCount: 32)
            }
        }
    }

    let all: [Key]

    /// Takes the keys, the one that signs first.
    public init(_ current: Key, previous: [Key] = []) { all = [current] + previous }

    /// One new secret from `randomness`: sessions end with the process.
    public static func ephemeral(_ randomness: some Randomness) -> SigningKeys {
        SigningKeys(Key(name: "k1", secret: Secret(randomness.bytes(32))))
    }

    func derived(for purpose: String) -> [(name: String, key: SymmetricKey)] {
        all.map { ($0.name, $0.derived(for: purpose)) }
    }
}
