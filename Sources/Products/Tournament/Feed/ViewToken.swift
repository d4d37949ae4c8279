import Base
import Crypto

/// Proof that a clip was handed to a voter: good for one counted view within ten minutes.
struct ViewToken: Sendable, Hashable {
    static let lifetime: Duration = .seconds(600)
    /// How long a clip must have run to count.
    static let watchedMin: Duration = .seconds(2)

    let clipID: ID<Clip>
    let issuedAt: Timestamp
    /// Makes each token another, also for the same clip and second.
    let nonce: UInt64

    var expiresAt: Timestamp { issuedAt + Self.lifetime }
}

/// Signs and checks view tokens with HMAC-SHA-256, bound to tenant and voter.
struct ViewTokenSigner: Sendable {
    enum Finding: Sendable, Hashable {
        case valid(ViewToken)
        case expired
        /// The clip cannot have run long enough since the token was made.
        case early
        case forged
    }

    private let key: SymmetricKey

    init(key: Secret<[UInt8]>) { self.key = key.reveal { SymmetricKey(data: $0) } }

    func text(_ token: ViewToken, voter: ID<Voter>, tenant: Tenant) -> String {
        let payload = Self.payload(token)
        return Base64URL.encode(payload + signature(payload, voter: voter, tenant: tenant))
    }

    func check(_ text: String, voter: ID<Voter>, tenant: Tenant, at now: Timestamp) -> Finding {
        guard text.utf8.count == 64, let bytes = Base64URL.decode(text), bytes.count == 48,
            let clipID = ID<Clip>(bytes: bytes[0..<16])
        else { return .forged }
        let payload = Array(bytes[0..<32])
        let expected = signature(payload, voter: voter, tenant: tenant)
        guard ConstantTime.areEqual(expected, bytes[32...]) else { return .forged }
        func number(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        let issuedAt = Timestamp(microseconds: Int64(bitPattern: number(16..<24)))
        let token = ViewToken(clipID: clipID, issuedAt: issuedAt, nonce: number(24..<32))
        if now >= token.expiresAt { return .expired }
        if now < issuedAt + ViewToken.watchedMin { return .early }
        return .valid(token)
    }

    private static func payload(_ token: ViewToken) -> [UInt8] {
        token.clipID.bytes + withUnsafeBytes(of: UInt64(bitPattern: token.issuedAt.microseconds).bigEndian, Array.init)
            + withUnsafeBytes(of: token.nonce.bigEndian, Array.init)
    }

    private func signature(_ payload: [UInt8], voter: ID<Voter>, tenant: Tenant) -> [UInt8] {
        var code = HMAC<SHA256>(key: key)
        code.update(data: Array("view\u{0}".utf8))
        code.update(data: tenant.id.bytes)
        code.update(data: voter.bytes)
        code.update(data: payload)
        return Array(code.finalize().prefix(16))
    }
}
