import Base
import Crypto

/// Who votes: a person with an account, or a device with a signed key.
///
/// Never an address or a browser's name.
struct Voter: Sendable, Hashable {
    let id: ID<Voter>
    /// The account, when there is one: the owner of clips that this voter may not vote for.
    let personID: ID<Person>?
    /// What stands in for the device's key, which is not stored.
    let deviceHash: [UInt8]?

    /// The same device key is a different voter in each tenant.
    init(device: ID<Device>, in tenant: Tenant) {
        let hash = Self.hash("device", tenant, device.bytes)
        id = Self.id(from: hash)
        personID = nil
        deviceHash = Array(hash.prefix(16))
    }

    init(person: ID<Person>, in tenant: Tenant) {
        id = Self.id(from: Self.hash("person", tenant, person.bytes))
        personID = person
        deviceHash = nil
    }

    private static func hash(_ kind: String, _ tenant: Tenant, _ key: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: Array("capstan.tournament.voter.\(kind)\u{0}".utf8))
        hash.update(data: tenant.id.bytes)
        hash.update(data: key)
        return Array(hash.finalize())
    }

    /// A UUID of version 8 out of the second half of a hash: the id tells nothing about the stored half.
    private static func id(from hash: [UInt8]) -> ID<Voter> {
        func half(_ range: Range<Int>) -> UInt64 { hash[range].reduce(0) { $0 << 8 | UInt64($1) } }
        return ID(
            high: half(16..<24) & ~0xF000 | 0x8000,
            low: half(24..<32) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }
}
