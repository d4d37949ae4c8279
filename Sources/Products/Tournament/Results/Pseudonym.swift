import Base
import Crypto

/// A voter as the published ballots show them: the same within a season, unrelated between seasons.
struct Pseudonym: Sendable, Hashable {
    let id: ID<Pseudonym>

    /// A pseudonym that was stored in the voter's place.
    init(stored: ID<Voter>) { id = stored.cast(to: ID<Pseudonym>.self) }

    /// SHA-256 over the season's salt of 32 bytes and the voter, cut to 16 bytes: one block of the hash.
    init(of voter: ID<Voter>, salt: [UInt8]) {
        var hash = SHA256()
        salt.withUnsafeBytes { hash.update(bufferPointer: $0) }
        var halves = (voter.high.bigEndian, voter.low.bigEndian)
        withUnsafeBytes(of: &halves) { hash.update(bufferPointer: $0) }
        self = hash.finalize().withUnsafeBytes { bytes in
            Pseudonym(
                id: ID(
                    high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                    low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))))
        }
    }

    private init(id: ID<Pseudonym>) { self.id = id }
}
