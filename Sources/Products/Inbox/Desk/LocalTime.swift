import Base

/// A time as a form's field writes it: without a zone, by the clock of who filled it in.
enum LocalTime {
    /// Reads a time, as in `2026-11-27T09:30`.
    ///
    /// - Parameters:
    ///   - text: what the field holds.
    ///   - minutesBehind: how many minutes that clock is behind UTC, as scripts tell it; 0 without a script.
    /// - Returns: the time; `nil` for anything else.
    static func timestamp(_ text: String, minutesBehind: Int64) -> Timestamp? {
        guard let time = Timestamp("\(text.prefix(16)):00Z"), text.utf8.count >= 16 else { return nil }
        return time + .seconds(minutesBehind * 60)
    }
}
