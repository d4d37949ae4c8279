public import Base
import Crypto
import JWTKit
import Synchronization

/// What a session says, signed, so that a request needs no statement to know who it comes from.
public struct Session: Sendable, Hashable {
    /// The person.
    public let person: ID<Person>
    /// The tenant in which it is good, and in no other.
    public let tenant: Tenant
    /// The person's role in the tenant when the session was made.
    public let role: Role
    /// The person's session epoch when the session was made.
    public let version: Int
    /// When it was made.
    public let madeAt: Timestamp
    /// When it ends.
    public let expiresAt: Timestamp
}

/// Signs and verifies sessions: JSON Web Tokens (HS256) in a cookie that scripts cannot read.
///
/// Verified tokens are remembered (at most 8,192, by their digests), so that a request of a known session costs a look-up.
public final class Sessions: Sendable {
    enum Bounds {
        static let remembered = 8_192
        static let tokenBytesMax = 1_024
    }

    private struct Claims: JWTPayload {
        var sub: String
        var tid: String
        var rol: Role
        var ver: Int
        var iat: Int64
        var exp: Int64

        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    /// What a token is known by: half of its SHA-256, so that memory holds no session that could be used, and a tenth of
    /// the bytes.
    private struct Digest: Hashable {
        let (high, low): (UInt64, UInt64)

        init(_ token: String) {
            let hash = SHA256.hash(data: Array(token.utf8))
            (high, low) = hash.withUnsafeBytes {
                ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            }
        }
    }

    /// The cookie's name.
    public static let cookieName = "capstan_session"

    private let clock: any WallClock
    private let lifetime: Duration
    private let keys: JWTKeyCollection
    private let signingKey: JWKIdentifier
    private let remembered = Mutex(BoundedMap<Digest, Session>(capacity: Bounds.remembered))

    /// Makes the signer.
    ///
    /// - Parameters:
    ///   - keys: the secrets; the first signs, all verify.
    ///   - lifetime: how long a session is good without a request. Defaults to 14 days; 1 minute to 400 days.
    ///   - clock: the time.
    public init(keys: SigningKeys, lifetime: Duration = .seconds(14 * 86_400), clock: any WallClock) async {
        self.clock = clock
        self.lifetime = lifetime
        self.keys = JWTKeyCollection()
        signingKey = JWKIdentifier(string: keys.all[0].name)
        for (name, key) in keys.derived(for: "session") {
            await self.keys.add(hmac: HMACKey(key: key), digestAlgorithm: .sha256, kid: JWKIdentifier(string: name))
        }
    }

    /// Makes a session that begins now, as the text of its cookie.
    public func sign(
        _ person: ID<Person>, in tenant: Tenant, role: Role, version: Int
    ) async throws(WebError) -> String {
        let now = clock.now()
        let claims = Claims(
            sub: person.description, tid: tenant.id.description, rol: role, ver: version, iat: now.seconds,
            exp: (now + lifetime).seconds)
        do {
            return try await keys.sign(claims, kid: signingKey)
        } catch {
            throw WebError(.internal, "A session could not be signed.", underlying: error)
        }
    }

    /// What the token says; `nil` when it was not signed by us or has ended.
    func verify(_ token: String) async -> Session? {
        guard token.utf8.count <= Bounds.tokenBytesMax else { return nil }
        let now = clock.now()
        let digest = Digest(token)
        if let session = remembered.withLock({ $0[digest] }) { return session.expiresAt > now ? session : nil }
        // An error means that the token is not one of ours, which is an expected outcome and not worth a line.
        guard let claims = try? await keys.verify(token, as: Claims.self), let person = ID<Person>(claims.sub),
            let tenant = ID<Tenant>(claims.tid)
        else { return nil }
        let session = Session(
            person: person, tenant: Tenant(tenant), role: claims.rol, version: claims.ver,
            madeAt: Timestamp(microseconds: claims.iat * 1_000_000),
            expiresAt: Timestamp(microseconds: claims.exp * 1_000_000))
        guard session.expiresAt > now else { return nil }
        remembered.withLock { $0[digest] = session }
        return session
    }

    /// The cookie that carries a session.
    func cookie(_ token: String, isSecure: Bool) -> String {
        "\(Self.cookieName)=\(token); Path=/; Max-Age=\(lifetime.components.seconds); HttpOnly; SameSite=Lax"
            + (isSecure ? "; Secure" : "")
    }

    /// The cookie that ends the session in the browser.
    func endingCookie(isSecure: Bool) -> String {
        "\(Self.cookieName)=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
    }

    /// Whether more than half of a session's time is over, so that it is made anew.
    func isDueForRenewal(_ session: Session) -> Bool {
        clock.now() - session.madeAt > lifetime / 2
    }
}
