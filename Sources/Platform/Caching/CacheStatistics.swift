/// What one cache has done since the process started.
public struct CacheStatistics: Sendable, Hashable {
    /// The cache's name.
    public var name: String
    /// Values kept now.
    public var entries = 0
    /// Their weight.
    public var weight = 0
    /// The weight that is never exceeded.
    public var capacity = 0
    /// Look-ups served from memory, stale ones and remembered failures included.
    public var hits = 0
    /// Look-ups that found nothing to serve.
    public var misses = 0
    /// Loads started, refreshes and those that the shared layer served included.
    public var loads = 0
    /// Whether it has a layer that the nodes share.
    public var isShared = false
    /// Loads that the shared layer served: another node had asked the source.
    public var sharedHits = 0
    /// Loads whose value the shared layer refused, because it was invalidated while it was loaded.
    public var sharedRefusals = 0
    /// Misses that were served by the load of another.
    public var coalesced = 0
    /// Hits served with a value past its time to live.
    public var staleServed = 0
    /// Loads that failed or took too long.
    public var failures = 0
    /// Loads whose result was not kept, because it was invalidated while they ran.
    public var fenced = 0
    /// Values pushed out to make room.
    public var evictions = 0
    /// Values not kept because they weigh more than a share.
    public var tooHeavy = 0
    /// Loads that run now.
    public var loading = 0

    init(name: String) { self.name = name }

    /// The part of look-ups served from memory: 0 to 1; 0 before the first.
    public var hitRatio: Double { hits + misses == 0 ? 0 : Double(hits) / Double(hits + misses) }
}
