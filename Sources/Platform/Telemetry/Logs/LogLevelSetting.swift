public import Logging
import Synchronization

/// The level from which log lines are written, shared by all loggers of a process and changeable while it runs.
public final class LogLevelSetting: Sendable {
    private let index: Atomic<Int>

    /// Starts at `level`.
    public init(_ level: Logger.Level = .info) { index = Atomic(Self.index(level)) }

    /// The level from which lines are written.
    public var level: Logger.Level {
        get { Logger.Level.allCases[index.load(ordering: .relaxed)] }
        set { index.store(Self.index(newValue), ordering: .relaxed) }
    }

    private static func index(_ level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }
}
