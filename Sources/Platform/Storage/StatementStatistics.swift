import Base
import Synchronization

/// Counts and times of each named statement since the start.
///
/// Names are constants of the code, so their number is bounded by the code; 2,048 are kept.
public final class StatementStatistics: Sendable {
    /// What is known of a statement.
    public struct Entry: Sendable, Codable {
        /// The statement's name.
        public var name: String
        /// How often it was sent.
        public var count = 0
        /// How often it failed.
        public var failures = 0
        /// Rows that came back in all.
        public var rows = 0
        /// Microseconds from sending to the answer, in all.
        public var microseconds: Int64 = 0
        /// Microseconds of the slowest one.
        public var slowestMicroseconds: Int64 = 0
    }

    private let entries = Mutex(BoundedMap<UInt, Entry>(capacity: 2_048))

    init() {}

    func record(_ name: StaticString, duration: Duration, rows: Int, isFailure: Bool) {
        // The address of the constant is its identity: no hashing of text on the path of every statement.
        let key = name.hasPointerRepresentation ? UInt(bitPattern: name.utf8Start) : UInt(name.unicodeScalar.value)
        let microseconds = duration.microseconds
        entries.withLock { entries in
            let isKnown = entries.update(key) { entry in
                entry.count += 1
                entry.rows += rows
                entry.failures += isFailure ? 1 : 0
                entry.microseconds += microseconds
                entry.slowestMicroseconds = max(entry.slowestMicroseconds, microseconds)
            }
            if !isKnown {
                entries[key] = Entry(
                    name: name.description, count: 1, failures: isFailure ? 1 : 0, rows: rows,
                    microseconds: microseconds, slowestMicroseconds: microseconds)
            }
        }
    }

    /// All statements, those that took the most time first.
    public var all: [Entry] {
        entries.withLock { entries in entries.keys.compactMap { entries[$0] } }
            .sorted { $0.microseconds > $1.microseconds }
    }
}
