public import Base
import Crypto
import Foundation
public import Storage
public import Web

/// An API key as it is known here: everything but the key itself.
public struct APIKey: Sendable, Hashable {
    /// Its id.
    public let id: ID<APIKey>
    /// Whose data it opens.
    public let tenant: Tenant
    /// The first 16 characters of the key, by which people tell keys apart.
    public let prefix: String
    /// What it is for, in the words of who made it.
    public let name: String
    /// What it may be used for.
    public let scopes: Set<Web.Scope>
    /// Who made it.
    public let madeBy: ID<Person>?
    /// When it was made.
    public let createdAt: Timestamp
    /// When it ends; `nil` for never.
    public let expiresAt: Timestamp?
    /// When it was withdrawn; `nil` while it is good.
    public let revokedAt: Timestamp?
    /// When it was used last, in steps of ten minutes; `nil` when it never was.
    public let lastUsedAt: Timestamp?

    let hash: [UInt8]

    /// Whether it opens anything at `time`.
    public func isGood(at time: Timestamp) -> Bool { revokedAt == nil && expiresAt.map { time < $0 } ?? true }
}

extension APIKey: RowDecodable {
    static let columns: SQL = """
        tenant_id, id, prefix, hash, name, scopes, made_by, created_at, expires_at, revoked_at, last_used_at
        """

    /// Reads the row of `api_keys`.
    public init(row: SQLRow) throws(StorageError) {
        tenant = try Tenant(row.value("tenant_id"))
        id = try row.value("id")
        prefix = try row.value("prefix")
        hash = try row.value("hash")
        name = try row.value("name")
        scopes = Set(try row.value("scopes", as: String.self).split(separator: " ").map { .init(rawValue: String($0)) })
        madeBy = try row.optional("made_by")
        createdAt = try row.value("created_at")
        expiresAt = try row.optional("expires_at")
        revokedAt = try row.optional("revoked_at")
        lastUsedAt = try row.optional("last_used_at")
    }
}

/// The text of a key: `cap_` + 12 hexadecimal digits by which it is found + `_` + 43 characters of chance.
///
/// 256 bits of chance need no slow hash: SHA-256 is stored, the text itself nowhere.
enum KeyText {
    static let prefixCharacters = 16
    private static let length = 16 + 1 + 43

    static func make(using randomness: any Randomness) -> (text: Secret<String>, prefix: String, hash: [UInt8]) {
        let prefix =
            "cap_" + randomness.bytes(6).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let text = prefix + "_" + Base64URL.encode(randomness.bytes(32))
        return (Secret(text), prefix, hash(text))
    }

    /// Prefix and hash of a text that may be a key; `nil` for what cannot be one.
    static func read(_ key: Secret<String>) -> (prefix: String, hash: [UInt8])? {
        key.reveal { text in
            let bytes = Array(text.utf8)
            guard bytes.count == length, text.hasPrefix("cap_"), bytes[prefixCharacters] == UInt8(ascii: "_"),
                bytes[4..<prefixCharacters].allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
            else { return nil }
            return (String(decoding: bytes[..<prefixCharacters], as: UTF8.self), hash(text))
        }
    }

    private static func hash(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Data(text.utf8))) }
}
