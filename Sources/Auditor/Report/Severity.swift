/// How soon and how widely something fails: never how often a text was found.
public enum Severity: String, Sendable, Codable, CaseIterable, Comparable {
    /// Worth knowing; fails late, or costs little.
    case low
    /// Fails as the product grows by an order of magnitude, or wastes much today.
    case medium
    /// Fails at the next growth step, on a path that users walk.
    case high
    /// Fails now or at the next spike, and takes others down with it.
    case critical

    /// Orders by urgency.
    public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

    /// 0 for the least urgent.
    public var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// One step less urgent; `low` stays.
    public var lowered: Severity { Self.allCases[max(0, rank - 1)] }

    /// One step more urgent; `critical` stays.
    public var raised: Severity { Self.allCases[min(Self.allCases.count - 1, rank + 1)] }
}

/// How sure the auditor is that a finding holds.
public enum Confidence: String, Sendable, Codable, CaseIterable {
    /// The text or the catalogue suggests it; somebody has to look.
    case suspected
    /// The text or the catalogue shows it.
    case shown
    /// A figure of the running system shows it.
    case measured
}

/// The part of a system that a finding is about; the summary grades each.
public enum Component: String, Sendable, Codable, CaseIterable {
    /// Statements, indexes, schema, connections, upkeep.
    case database
    /// What is kept to be read again.
    case caching
    /// Requests: work in them, limits, answers.
    case requests
    /// Queues, workers, schedules.
    case jobs
    /// Sockets and channels.
    case realtime
    /// Calls to others: models, vendors.
    case vendors
    /// What the browser loads and does.
    case client
    /// Logs, measurements, shutdown, inventory.
    case operations
}
