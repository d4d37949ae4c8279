import Base
import Crypto

/// What a solved captcha gives a voter: half an hour in which no other is asked for.
///
/// Kept by the browser and signed with a key that only the season's row holds, bound to tenant and voter; a token of the
/// vendor is single use, so that none is asked for with each vote.
struct CaptchaPass: Sendable, Hashable {
    enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        case solved = 1
        /// The verifier could not be reached: voting goes on under a small cap.
        case limited = 2
    }

    static let lifetime: Duration = .seconds(1_800)
    /// A pass without a solution ends soon, so that the check is asked for when the verifier is back.
    static let limitedLifetime: Duration = .seconds(300)
    /// Weight that a day allows while the verifier cannot be reached.
    static let limitedDailyWeight = 20

    let kind: Kind
    let expiresAt: Timestamp

    init(_ kind: Kind, at now: Timestamp) {
        self.kind = kind
        expiresAt = now + (kind == .solved ? Self.lifetime : Self.limitedLifetime)
    }

    fileprivate init(kind: Kind, expiresAt: Timestamp) {
        self.kind = kind
        self.expiresAt = expiresAt
    }

    /// What the voter may spend a day with it; `nil` for what the season allows.
    var dailyWeight: Int? { kind == .limited ? Self.limitedDailyWeight : nil }
}

/// Signs and checks passes and the built-in challenge with HMAC-SHA-256.
struct CaptchaSigner: Sendable {
    private let key: SymmetricKey

    init(key: Secret<[UInt8]>) { self.key = key.reveal { SymmetricKey(data: $0) } }

    func text(_ pass: CaptchaPass, voter: ID<Voter>, tenant: Tenant) -> String {
        let payload = [pass.kind.rawValue] + Self.bytes(pass.expiresAt.microseconds)
        return Base64URL.encode(payload + signature("pass", payload, voter, tenant))
    }

    /// The pass in a cookie; `nil` when it is forged, of another voter, or over.
    func pass(_ text: String, voter: ID<Voter>, tenant: Tenant, at now: Timestamp) -> CaptchaPass? {
        guard text.utf8.count <= 64, let bytes = Base64URL.decode(text), bytes.count == 25 else { return nil }
        let payload = Array(bytes[0..<9])
        guard ConstantTime.areEqual(bytes[9...], signature("pass", payload, voter, tenant)),
            let kind = CaptchaPass.Kind(rawValue: payload[0])
        else { return nil }
        let expiresAt = Timestamp(microseconds: Self.number(payload[1...]))
        return now < expiresAt ? CaptchaPass(kind: kind, expiresAt: expiresAt) : nil
    }

    /// What proves that a challenge of ours was answered: bound to the answer, the voter and the time.
    func challenge(_ answer: Int, nonce: UInt64, at time: Timestamp, voter: ID<Voter>, tenant: Tenant) -> String {
        let payload = Self.bytes(time.microseconds) + Self.bytes(Int64(bitPattern: nonce))
        return Base64URL.encode(payload + signature("challenge", payload + Self.bytes(Int64(answer)), voter, tenant))
    }

    /// When a challenge was made, if this is its answer; `nil` for a wrong or forged one.
    func challengeTime(_ text: String, answer: Int, voter: ID<Voter>, tenant: Tenant) -> Timestamp? {
        guard text.utf8.count <= 64, let bytes = Base64URL.decode(text), bytes.count == 32 else { return nil }
        let payload = Array(bytes[0..<16])
        guard
            ConstantTime.areEqual(
                bytes[16...], signature("challenge", payload + Self.bytes(Int64(answer)), voter, tenant))
        else { return nil }
        return Timestamp(microseconds: Self.number(payload[0..<8]))
    }

    private func signature(_ purpose: String, _ payload: [UInt8], _ voter: ID<Voter>, _ tenant: Tenant) -> [UInt8] {
        var code = HMAC<SHA256>(key: key)
        code.update(data: Array("captcha.\(purpose)\u{0}".utf8))
        code.update(data: tenant.id.bytes)
        code.update(data: voter.bytes)
        code.update(data: payload)
        return Array(code.finalize().prefix(16))
    }

    private static func bytes(_ value: Int64) -> [UInt8] {
        withUnsafeBytes(of: UInt64(bitPattern: value).bigEndian, Array.init)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
        Int64(bitPattern: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }
}
