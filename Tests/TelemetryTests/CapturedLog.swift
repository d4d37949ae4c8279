import Logging
import Synchronization

/// Keeps what was logged.
struct CapturedLog: LogHandler {
    final class Lines: Sendable {
        let events = Mutex<[LogEvent]>([])

        var all: [LogEvent] { events.withLock { $0 } }
    }

    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel: Logger.Level

    init(_ lines: Lines = Lines(), level: Logger.Level = .trace) {
        self.lines = lines
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.events.withLock { $0.append(event) } }
}
