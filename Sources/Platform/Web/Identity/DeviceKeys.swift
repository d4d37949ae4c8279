public import Base
import Crypto
import Foundation
import Synchronization

/// Mints and verifies device keys: a signed first-party cookie by which a browser without an account is known.
///
/// The key's id in a tenant is derived from the cookie and the tenant, so that the same cookie is another voter in
/// another tenant, and two tenants cannot compare notes. A forged cookie is ignored.
public final class DeviceKeys: Sendable {
    enum Bounds {
        static let remembered = 16_384
        static let maxAgeSeconds = 400 * 86_400
        static let macBytes = 16
    }

    private struct Seen: Hashable {
        var token: String
        var tenant: Tenant
    }

    /// The cookie's name.
    public static let cookieName = "capstan_device"

    private let keys: [(name: String, key: SymmetricKey)]
    private let randomness: any Randomness
    private let clock: any WallClock
    private let remembered = Mutex(BoundedMap<Seen, ID<Device>>(capacity: Bounds.remembered))

    /// Makes the signer; the first of `keys` signs, all verify.
    public init(keys: SigningKeys, randomness: any Randomness, clock: any WallClock) {
        self.keys = keys.derived(for: "device")
        self.randomness = randomness
        self.clock = clock
    }

    /// Mints a key: the cookie's value and the device it stands for in `tenant`.
    func mint(in tenant: Tenant) -> (token: String, device: ID<Device>) {
        let raw = ID<Device>(at: clock.now(), using: randomness)
        let (name, key) = keys[0]
        let mac = HMAC<SHA256>.authenticationCode(for: raw.bytes, using: key).prefix(Bounds.macBytes)
        return ("\(name).\(Base64URL.encode(raw.bytes)).\(Base64URL.encode(mac))", derive(raw, in: tenant, with: key))
    }

    /// The device that the cookie stands for in `tenant`; `nil` when it was not signed by us.
    func verify(_ token: String, in tenant: Tenant) -> ID<Device>? {
        guard token.utf8.count <= 128 else { return nil }
        let seen = Seen(token: token, tenant: tenant)
        if let device = remembered.withLock({ $0[seen] }) { return device }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let (_, key) = keys.first(where: { $0.name == parts[0] }),
            let bytes = Base64URL.decode(parts[1]), let mac = Base64URL.decode(parts[2]),
            let raw = ID<Device>(bytes: bytes), mac.count == Bounds.macBytes,
            ConstantTime.areEqual(HMAC<SHA256>.authenticationCode(for: bytes, using: key).prefix(Bounds.macBytes), mac)
        else { return nil }
        let device = derive(raw, in: tenant, with: key)
        remembered.withLock { $0[seen] = device }
        return device
    }

    /// The cookie that carries a key.
    func cookie(_ token: String, isSecure: Bool) -> String {
        "\(Self.cookieName)=\(token); Path=/; Max-Age=\(Bounds.maxAgeSeconds); HttpOnly; SameSite=Lax"
            + (isSecure ? "; Secure" : "")
    }

    /// A UUID of version 8 (RFC 9562): bits of a keyed hash over tenant and key.
    private func derive(_ raw: ID<Device>, in tenant: Tenant, with key: SymmetricKey) -> ID<Device> {
        let digest = Array(HMAC<SHA256>.authenticationCode(for: tenant.id.bytes + raw.bytes, using: key))
        let high = digest[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let low = digest[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return ID(high: high & 0xFFFF_FFFF_FFFF_0FFF | 0x8000, low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }
}
