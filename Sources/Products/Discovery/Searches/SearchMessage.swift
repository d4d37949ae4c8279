import Base
import Foundation

/// What watchers of a search are told: rows as JSON that was made once, and where the search stands.
struct SearchMessage: Sendable, Hashable, Codable {
    /// The first number of the rows, 0 without rows.
    var from: Int64 = 0
    /// The last number of the rows.
    var to: Int64 = 0
    /// The rows, each a JSON object.
    var rows: [String] = []
    /// Rows that were sent before and have changed.
    var patches: [String] = []
    /// The status as a JSON object; `nil` when it is not known anew.
    var status: String?
    /// Whether nothing more will come.
    var isEnd = false
    /// Whether there was more than a message holds, so that watchers read it.
    var isTorn = false

    enum Bounds {
        /// Rows in one message, about a kilobyte each: a message of the bus holds 64 KiB.
        static let rows = 40
        /// Bytes of a message.
        static let bytes = 60_000
        /// Rows that wait for a watcher who is told four times a second.
        static let waiting = 400
    }

    /// This message with a later one behind it; `false` when there is no more room.
    mutating func append(_ later: SearchMessage) -> Bool {
        guard rows.count + patches.count + later.rows.count + later.patches.count <= Bounds.waiting else {
            return false
        }
        if !later.rows.isEmpty {
            if rows.isEmpty { from = later.from }
            to = later.to
            rows += later.rows
        }
        patches += later.patches
        status = later.status ?? status
        isEnd = isEnd || later.isEnd
        return true
    }

    /// The text that browsers get.
    var json: String {
        var parts = ["\"rows\":[\(rows.joined(separator: ","))]"]
        if !patches.isEmpty { parts.append("\"patches\":[\(patches.joined(separator: ","))]") }
        if let status { parts.append("\"status\":\(status)") }
        return "{\(parts.joined(separator: ","))}"
    }
}
