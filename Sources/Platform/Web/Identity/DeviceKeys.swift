public import Base
import Crypto
import Foundation

/// Mints and verifies device keys: a signed first-party cookie by which a browser without an account is known.
///
/// The key's id in a tenant is derived from the cookie and the tenant, so that the same cookie is another voter in
/// another tenant, and two tenants cannot compare notes. A forged cookie is ignored.
public final class DeviceKeys: Sendable {
    enum Bounds {
        static let maxAgeSeconds = 400 * 86_400
        static let macBytes = 16
    }

    /// The cookie's name.
    public static let cookieName = "capstan_device"

    private let keys: [(name: String, key: SymmetricKey)]
    private let randomness: any Randomness
    private let clock: any WallClock

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
    ///
    /// Nothing is remembered: two hashes cost less than a table of a crowd's cookies, and no memory.
    func verify(_ token: String, in tenant: Tenant) -> ID<Device>? {
        guard token.utf8.count <= 128 else { return nil }
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let (_, key) = keys.first(where: { $0.name.utf8.elementsEqual(parts[0]) }),
            let bytes = Base64URL.decode(Substring(parts[1])), let mac = Base64URL.decode(Substring(parts[2])),
            let raw = ID<Device>(bytes: bytes), mac.count == Bounds.macBytes,
            ConstantTime.areEqual(HMAC<SHA256>.authenticationCode(for: bytes, using: key).prefix(Bounds.macBytes), mac)
        else { return nil }
        return derive(raw, in: tenant, with: key)
    }

    /// The cookie that carries a key.
    func cookie(_ token: String, isSecure: Bool) -> String {
        "\(Self.cookieName)=\(token); Path=/; Max-Age=\(Bounds.maxAgeSeconds); HttpOnly; SameSite=Lax"
            + (isSecure ? "; Secure" : "")
    }

    /// A UUID of version 8 (RFC 9562): bits of a keyed hash over tenant and key.
    private func derive(_ raw: ID<Device>, in tenant: Tenant, with key: SymmetricKey) -> ID<Device> {
        let digest = HMAC<SHA256>.authenticationCode(for: tenant.id.bytes + raw.bytes, using: key)
        let (high, low) = digest.withUnsafeBytes {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        return ID(high: high & 0xFFFF_FFFF_FFFF_0FFF | 0x8000, low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }
}
