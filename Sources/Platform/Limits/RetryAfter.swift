public import Base

/// When an HTTP response says that asking again makes sense (RFC 9110, section 10.2.3).
public enum RetryAfter {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads the header's value; `nil` for anything that is neither seconds nor a date.
    ///
    /// - Parameters:
    ///   - header: The value of `Retry-After`.
    ///   - now: What a date is counted from.
    /// - Returns: The time from now, zero for a date in the past.
    public static func duration(_ header: String, now: Timestamp) -> Duration? {
        let text = header.filter { $0 != " " || header.utf8.contains(UInt8(ascii: ",")) }
        if !text.isEmpty, text.utf8.count <= 9, text.utf8.allSatisfy({ (48...57).contains($0) }) {
            return Int64(text).map { .seconds($0) }
        }
        // `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that senders may use.
        let words = text.split { $0 == " " || $0 == "," }
        guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: String(words[2])),
            words[1].utf8.count == 2, words[3].utf8.count == 4, words[4].utf8.count == 8,
            let time = Timestamp(
                "\(words[3])-\(month < 9 ? "0" : "")\(month + 1)-\(words[1])T\(words[4])Z")
        else { return nil }
        return max(.zero, time - now)
    }
}
