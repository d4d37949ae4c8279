public import Base
import CryptoExtras
import Foundation

/// How much work a password hash is.
///
/// scrypt (RFC 7914) needs 128 × ``blockSize`` × 2^``roundsLog2`` bytes of memory while it runs.
public struct PasswordCost: Sendable, Hashable {
    /// The binary logarithm of scrypt's N.
    ///
    /// Defaults to 15; 10 to 20.
    public var roundsLog2: Int
    /// scrypt's r.
    ///
    /// Defaults to 8; 1 to 32.
    public var blockSize: Int
    /// scrypt's p.
    ///
    /// Defaults to 3; 1 to 16.
    public var parallelism: Int

    /// What OWASP recommends for 32 MiB per hash: about 0.2 s of one core.
    public init(roundsLog2: Int = 15, blockSize: Int = 8, parallelism: Int = 3) {
        precondition((10...20).contains(roundsLog2), "roundsLog2 is \(roundsLog2), not within 10 to 20")
        precondition((1...32).contains(blockSize), "blockSize is \(blockSize), not within 1 to 32")
        precondition((1...16).contains(parallelism), "parallelism is \(parallelism), not within 1 to 16")
        self.roundsLog2 = roundsLog2
        self.blockSize = blockSize
        self.parallelism = parallelism
    }
}

/// What is stored of a password: `scrypt$15$8$3$<salt>$<hash>`, from which the password cannot be found.
///
/// All functions that hash take a tenth of a second of a core or more: run them in a ``PasswordWorkshop``.
struct PasswordHash: Sendable, Hashable {
    private static let saltBytes = 16
    private static let hashBytes = 32

    let cost: PasswordCost
    private let salt: [UInt8]
    private let hash: [UInt8]

    init(of password: Secret<String>, cost: PasswordCost, using randomness: any Randomness) throws(AccountsError) {
        self.cost = cost
        salt = randomness.bytes(Self.saltBytes)
        hash = try Self.derive(password, salt, cost)
    }

    /// A hash of nothing, to spend as much time on unknown addresses as on known ones.
    init(decoy cost: PasswordCost) {
        self.cost = cost
        salt = [UInt8](repeating: 0, count: Self.saltBytes)
        hash = [UInt8](repeating: 0, count: Self.hashBytes)
    }

    init?(_ text: String) {
        let parts = text.split(separator: "$")
        guard parts.count == 6, parts[0] == "scrypt", let rounds = Int(parts[1]), (10...20).contains(rounds),
            let block = Int(parts[2]), (1...32).contains(block), let lanes = Int(parts[3]), (1...16).contains(lanes),
            let salt = Data(base64Encoded: String(parts[4])), let hash = Data(base64Encoded: String(parts[5])),
            salt.count == Self.saltBytes, hash.count == Self.hashBytes
        else { return nil }
        cost = PasswordCost(roundsLog2: rounds, blockSize: block, parallelism: lanes)
        self.salt = Array(salt)
        self.hash = Array(hash)
    }

    var text: String {
        let salt = Data(salt).base64EncodedString()
        let hash = Data(hash).base64EncodedString()
        return "scrypt$\(cost.roundsLog2)$\(cost.blockSize)$\(cost.parallelism)$\(salt)$\(hash)"
    }

    /// Whether this is the hash of the password; all bytes are compared, wherever they differ.
    func matches(_ password: Secret<String>) throws(AccountsError) -> Bool {
        let found = try Self.derive(password, salt, cost)
        return ConstantTime.areEqual(found, hash)
    }

    private static func derive(
        _ password: Secret<String>, _ salt: [UInt8], _ cost: PasswordCost
    ) throws(AccountsError) -> [UInt8] {
        do {
            let key = try password.reveal { text in
                try KDF.Scrypt.deriveKey(
                    from: Array(text.precomposedStringWithCompatibilityMapping.utf8), salt: salt,
                    outputByteCount: hashBytes, rounds: 1 << cost.roundsLog2, blockSize: cost.blockSize,
                    parallelism: cost.parallelism)
            }
            return key.withUnsafeBytes(Array.init)
        } catch {
            throw AccountsError(
                .hashingFailed, "A password could not be hashed; is there memory left?", underlying: error)
        }
    }
}

/// What a new password must be.
public enum PasswordRule {
    /// How many characters it has at least: 10.
    public static let charactersMin = 10
    /// How many bytes it has at most: 256.
    public static let bytesMax = 256

    /// Why the password is refused; `nil` when it is accepted.
    ///
    /// Length alone is asked for, and that it is not the person's own address or one repeated character: rules about
    /// kinds of characters make passwords worse (NIST SP 800-63B, section 5.1.1.2).
    public static func refusal(of password: Secret<String>, email: EmailAddress) -> String? {
        password.reveal { text in
            if text.count < charactersMin { return "The password needs \(charactersMin) characters or more." }
            if text.utf8.count > bytesMax { return "The password is longer than \(bytesMax) bytes." }
            if Set(text).count < 4 { return "The password repeats too few characters." }
            let lower = text.lowercased()
            if lower == email.text || lower == email.text.prefix(while: { $0 != "@" }) {
                return "The password must not be the e-mail address."
            }
            return nil
        }
    }
}
