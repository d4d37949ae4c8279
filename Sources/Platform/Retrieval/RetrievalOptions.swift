/// How documents are cut and vectors kept.
public struct RetrievalOptions: Sendable, Hashable {
    /// Scalars of a passage, at most.
    ///
    /// Defaults to 800; 100 to 4,000, and no more than the embedding model takes.
    public var passageSize: Int
    /// Scalars that a passage shares with the one before.
    ///
    /// Defaults to 100; 0 to half of ``passageSize``.
    public var passageOverlap: Int
    /// Bytes of vectors that are kept in memory; tenants that were not searched for the longest time make room.
    ///
    /// Defaults to 1 GiB, some 2,500,000 passages of 384 numbers; at least 1 MiB.
    public var memoryBytes: Int
    /// How many tasks share the search of a tenant with very many passages.
    ///
    /// Defaults to 2; 1 to 16.
    public var parts: Int

    /// Options with the defaults stated at each.
    public init(passageSize: Int = 800, passageOverlap: Int = 100, memoryBytes: Int = 1 << 30, parts: Int = 2) {
        precondition((100...4_000).contains(passageSize), "passages of \(passageSize) scalars: 100 to 4,000")
        precondition((0...passageSize / 2).contains(passageOverlap), "passages that share \(passageOverlap) scalars")
        precondition(memoryBytes >= 1 << 20, "\(memoryBytes) bytes for vectors: at least 1 MiB")
        precondition((1...16).contains(parts), "\(parts) tasks for a search: 1 to 16")
        self.passageSize = passageSize
        self.passageOverlap = passageOverlap
        self.memoryBytes = memoryBytes
        self.parts = parts
    }
}
