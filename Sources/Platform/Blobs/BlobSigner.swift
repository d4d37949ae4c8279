public import Base
import Crypto

/// What a signed address allows.
public struct BlobGrant: Sendable, Hashable {
    /// What may be done.
    public enum Method: String, CaseIterable, Sendable {
        /// Read, with or without its content.
        case get
        /// Upload.
        case put
    }

    /// What may be done.
    public var method: Method
    /// Whose object it is.
    public var tenant: Tenant
    /// Which object.
    public var target: BlobTarget
    /// Until when.
    public var expiresAt: Timestamp
    /// The largest upload that is accepted; `nil` for reading.
    public var sizeMax: ByteCount?
    /// The media type that an upload must have; `nil` for any, and for reading.
    public var contentType: String?
    /// The hash that an upload must have; `nil` for any, and for reading.
    public var hash: BlobHash?
}

/// Signs addresses of objects, so that whoever holds one may read or upload that object for a while, and nothing else.
///
/// The signature (HMAC-SHA256) covers method, tenant, key, expiry, size, type and hash.
public struct BlobSigner: Sendable {
    /// Why an address was refused.
    public enum Refusal: String, CaseIterable, Sendable {
        /// Something is missing, twice there or unreadable.
        case malformed
        /// It was signed by somebody else, or changed.
        case forged
        /// Its time is over.
        case expired
        /// It allows another method.
        case otherMethod
    }

    /// What to answer to a signed address.
    public enum Decision: Sendable, Hashable {
        /// Allowed.
        case granted(BlobGrant)
        /// Not allowed.
        case refused(Refusal)
    }

    /// The longest time that an address may be valid: seven days.
    public static let lifetimeMax = Duration.seconds(7 * 86_400)

    private let keys: [Secret<[UInt8]>]
    private let clock: any WallClock
    private let base: String

    /// Makes a signer.
    ///
    /// - Parameters:
    ///   - keys: Each at least 32 bytes. The first signs, all verify, so that keys can be changed without a break.
    ///   - base: What addresses begin with, as in `/blobs` or `https://files.example.com/blobs`.
    ///   - clock: What expiry is measured by.
    public init(keys: [Secret<[UInt8]>], base: String, clock: any WallClock) {
        precondition(!keys.isEmpty, "signing needs a key")
        for key in keys {
            key.reveal { precondition($0.count >= 32, "a signing key of \($0.count) bytes is too short") }
        }
        precondition(!base.hasSuffix("/"), "the base of addresses must not end in a slash")
        self.keys = keys
        self.base = base
        self.clock = clock
    }

    /// An address that reads an object.
    ///
    /// - Parameters:
    ///   - key: Which object.
    ///   - tenant: Whose.
    ///   - lifetime: How long. Defaults to 15 minutes; 1 second to 7 days.
    /// - Returns: The address.
    public func downloadAddress(
        _ key: BlobKey, for tenant: Tenant, lifetime: Duration = .seconds(900)
    ) -> String {
        address(
            BlobGrant(
                method: .get, tenant: tenant, target: .key(key), expiresAt: expiry(lifetime), sizeMax: nil,
                contentType: nil))
    }

    /// An address that takes one upload.
    ///
    /// - Parameters:
    ///   - target: The key, or by content.
    ///   - tenant: Whose.
    ///   - sizeMax: The largest upload that is accepted.
    ///   - contentType: The media type that the upload must have; `nil` for any.
    ///   - hash: The hash that the upload must have; `nil` for any.
    ///   - lifetime: How long. Defaults to 15 minutes; 1 second to 7 days.
    /// - Returns: The address.
    public func uploadAddress(
        _ target: BlobTarget, for tenant: Tenant, sizeMax: ByteCount, contentType: String? = nil,
        hash: BlobHash? = nil, lifetime: Duration = .seconds(900)
    ) -> String {
        address(
            BlobGrant(
                method: .put, tenant: tenant, target: target, expiresAt: expiry(lifetime), sizeMax: sizeMax,
                contentType: contentType, hash: hash))
    }

    /// Checks an address that was asked for.
    ///
    /// - Parameters:
    ///   - method: What was asked for; `HEAD` counts as ``BlobGrant/Method/get``.
    ///   - path: The part of the path after the base: `<tenant>/<key>`, undecoded.
    ///   - query: The query's names and decoded values, in order.
    /// - Returns: What the address allows, or why nothing.
    public func verify(
        _ method: BlobGrant.Method, path: String, query: [(name: String, value: String)]
    ) -> Decision {
        guard let (grant, signature) = Self.read(path, query) else { return .refused(.malformed) }
        let message = Self.message(grant)
        let isGenuine = keys.reduce(false) { found, key in
            key.reveal {
                HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: message, using: .init(data: $0))
            } || found
        }
        guard isGenuine else { return .refused(.forged) }
        guard clock.now() < grant.expiresAt else { return .refused(.expired) }
        guard grant.method == method else { return .refused(.otherMethod) }
        return .granted(grant)
    }

    private func expiry(_ lifetime: Duration) -> Timestamp {
        precondition(
            (.seconds(1)...Self.lifetimeMax).contains(lifetime), "an address must be valid for 1 second to 7 days")
        // Whole seconds, rounded up: what is signed is what is shown.
        return Timestamp(microseconds: ((clock.now() + lifetime).seconds + 1) * 1_000_000)
    }

    private func address(_ grant: BlobGrant) -> String {
        let signature = keys[0].reveal {
            HMAC<SHA256>.authenticationCode(for: Self.message(grant), using: .init(data: $0))
        }
        var query = "method=\(grant.method.rawValue)&expires=\(grant.expiresAt.seconds)"
        if let sizeMax = grant.sizeMax { query += "&max=\(sizeMax.bytes)" }
        if let contentType = grant.contentType { query += "&type=\(Self.escaped(contentType))" }
        if let hash = grant.hash { query += "&hash=\(hash)" }
        let hash = BlobHash(bytes: Array(signature))?.description ?? ""
        return "\(base)/\(grant.tenant.id)/\(Self.text(grant.target))?\(query)&signature=\(hash)"
    }

    private static func text(_ target: BlobTarget) -> String {
        switch target {
        case .key(let key): key.description
        case .contentAddress: BlobKey.addressFolder
        }
    }

    /// No field can hold a line feed: keys and types are checked, the rest are numbers and ids.
    private static func message(_ grant: BlobGrant) -> [UInt8] {
        let lines = [
            "capstan-blob-2", grant.method.rawValue, grant.tenant.id.description, text(grant.target),
            String(grant.expiresAt.seconds), grant.sizeMax.map { String($0.bytes) } ?? "-", grant.contentType ?? "-",
            grant.hash?.description ?? "-",
        ]
        return Array(lines.joined(separator: "\n").utf8)
    }

    private static func read(
        _ path: String, _ query: [(name: String, value: String)]
    ) -> (grant: BlobGrant, signature: [UInt8])? {
        let names = query.map(\.name)
        guard Set(names).count == names.count, names.count <= 6 else { return nil }
        let values = Dictionary(uniqueKeysWithValues: query.map { ($0.name, $0.value) })
        guard let slash = path.firstIndex(of: "/"), let tenant = ID<Tenant>(String(path[..<slash])),
            let method = values["method"].flatMap(BlobGrant.Method.init),
            let expires = values["expires"].flatMap({ Int64($0) }), (0..<100_000_000_000).contains(expires),
            let signature = values["signature"].flatMap(BlobHash.init)
        else { return nil }
        let text = String(path[path.index(after: slash)...])
        let target: BlobTarget
        if text == BlobKey.addressFolder, method == .put {
            target = .contentAddress
        } else if let key = BlobKey(text) {
            target = .key(key)
        } else {
            return nil
        }
        var sizeMax: ByteCount?
        if let text = values["max"] {
            guard let bytes = Int(text), bytes >= 0 else { return nil }
            sizeMax = ByteCount(bytes)
        }
        guard (sizeMax != nil) == (method == .put) else { return nil }
        let contentType = values["type"]
        if let contentType, contentType.utf8.contains(10) || contentType == "-" { return nil }
        var hash: BlobHash?
        if let text = values["hash"] {
            guard method == .put, let promised = BlobHash(text) else { return nil }
            hash = promised
        }
        let grant = BlobGrant(
            method: method, tenant: Tenant(tenant), target: target,
            expiresAt: Timestamp(microseconds: expires * 1_000_000), sizeMax: sizeMax, contentType: contentType,
            hash: hash)
        return (grant, signature.bytes)
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
