public import Base
import Crypto
import Foundation

/// Seals what must not be readable in a database, a backup or a replica: tokens and secrets of other services.
///
/// AES-256-GCM under a key derived from the installation's secret. What was sealed for one place, such as a tenant's row,
/// cannot be opened as another's. The first key seals, all of them open, so that keys are replaced without a pause:
/// whoever reads something that is not ``isCurrent(_:)`` seals it again.
public struct SecretBox: Sendable {
    /// What holds for every box.
    public enum Bounds {
        /// Bytes of what is sealed: 32 KiB.
        public static let bytes = 32_768
        /// Keys that open: 8.
        public static let keys = 8
        static let nonceBytes = 12
        static let keyBytes = 32
        static let nameBytes = 32
    }

    /// A secret under the name that what it sealed carries.
    public struct Key: Sendable {
        let name: String
        let derived: SymmetricKey

        /// Takes a secret of at least 32 bytes; the key of the box is derived from it.
        ///
        /// - Parameters:
        ///   - name: 1 to 32 letters and digits.
        ///   - secret: The secret.
        public init(name: String, secret: Secret<[UInt8]>) {
            precondition(
                (1...Bounds.nameBytes).contains(name.utf8.count)
                    && name.utf8.allSatisfy { Self.isOfName($0) },
                "a key cannot be named \(name): use 1 to 32 letters and digits")
            precondition(
                secret.reveal { $0.count } >= Bounds.keyBytes, "the key \(name) is too short: it must have 32 bytes")
            self.name = name
            derived = secret.reveal { bytes in
                HKDF<SHA256>.deriveKey(
                    inputKeyMaterial: SymmetricKey(data: bytes), info: Data("capstan.secretBox".utf8),
                    outputByteCount: Bounds.keyBytes)
            }
        }

        private static func isOfName(_ byte: UInt8) -> Bool {
            switch byte {
            case 48...57, 65...90, 97...122: true
            default: false
            }
        }
    }

    private static let version = "b1"

    private let keys: [Key]

    /// Takes the keys, the one that seals first; at most ``Bounds/keys``.
    public init(_ current: Key, previous: [Key] = []) {
        precondition(previous.count < Bounds.keys, "\(previous.count + 1) keys: at most \(Bounds.keys) open")
        precondition(
            Set(([current] + previous).map(\.name)).count == previous.count + 1, "two keys have one name: rename one")
        keys = [current] + previous
    }

    /// Seals a secret.
    ///
    /// - Parameters:
    ///   - secret: At most ``Bounds/bytes``.
    ///   - place: Where it belongs, as in `inbox.channel/TENANT/CHANNEL`; opened with the same only.
    ///   - randomness: Chance, for the nonce.
    /// - Returns: Text of base64url and dots.
    public func seal(_ secret: Secret<[UInt8]>, for place: String, using randomness: some Randomness) -> String {
        secret.reveal { bytes in
            precondition(bytes.count <= Bounds.bytes, "\(bytes.count) bytes are sealed: at most \(Bounds.bytes) may be")
            do {
                let nonce = try AES.GCM.Nonce(data: randomness.bytes(Bounds.nonceBytes))
                let box = try AES.GCM.seal(
                    bytes, using: keys[0].derived, nonce: nonce, authenticating: Self.authenticated(place))
                guard let combined = box.combined else {
                    preconditionFailure("a nonce of 12 bytes is not the usual one")
                }
                return "\(Self.version).\(keys[0].name).\(Base64URL.encode(combined))"
            } catch {
                // Wrong sizes of key and nonce are the only faults there are.
                preconditionFailure("a box of fixed sizes cannot be sealed: \(error)")
            }
        }
    }

    /// Opens what was sealed for a place; `nil` for what was sealed for another, with another key, or was changed.
    public func open(_ sealed: String, for place: String) -> Secret<[UInt8]>? {
        let parts = sealed.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == Self.version, let key = keys.first(where: { $0.name == parts[1] }),
            let combined = Base64URL.decode(parts[2])
        else { return nil }
        do {
            let box = try AES.GCM.SealedBox(combined: combined)
            return Secret(Array(try AES.GCM.open(box, using: key.derived, authenticating: Self.authenticated(place))))
        } catch {
            return nil
        }
    }

    /// Whether something was sealed with the key that seals now.
    public func isCurrent(_ sealed: String) -> Bool { sealed.hasPrefix("\(Self.version).\(keys[0].name).") }

    private static func authenticated(_ place: String) -> Data { Data("\(version)/\(place)".utf8) }
}
