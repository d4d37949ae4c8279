import Base

/// A span of a company's history, in which words are looked for before any span that is older.
///
/// An index of words knows no order of time: asked for the newest of a frequent word it gives all there are. So each message
/// also stands under its day and its month, and the spans grow twelvefold from one to the next: what is looked at is bounded
/// by what is wanted and by one span beyond it, not by all that was ever said.
struct SearchWindow: Sendable, Hashable {
    enum Bounds {
        /// Days of what is called a month here, so that a month is a number too.
        static let month: Int64 = 32
        /// Months of the span that follows the newest two.
        static let months: Int64 = 12
        static let daySeconds: Int64 = 86_400
    }

    /// Words of which each message of the span has one, and no message of another company.
    let marks: [String]
    /// The least id of the span; `nil` for the oldest.
    let start: ID<Message>?
    /// The least id behind the span; `nil` for the newest.
    let end: ID<Message>?

    /// All of a company's history, the newest span first: two days, two months, a year, and what is older.
    static func all(of tenant: Tenant, at now: Timestamp) -> [SearchWindow] {
        let today = day(of: now)
        let month = month(of: today)
        let (recent, year) = (month - 1, month - 1 - Bounds.months)
        func months(_ some: ClosedRange<Int64>) -> [String] { some.map { mark(month: $0, of: tenant) } }
        let (days, months1) = (first(ofDay: today - 1), first(ofDay: recent * Bounds.month))
        let months2 = first(ofDay: year * Bounds.month)
        return [
            // Clocks of other nodes may be ahead of ours.
            SearchWindow(
                marks: (today - 1...today + 1).map { mark(day: $0, of: tenant) }, start: days, end: nil),
            SearchWindow(marks: months(recent...month), start: months1, end: days),
            SearchWindow(marks: months(year...recent - 1), start: months2, end: months1),
            SearchWindow(marks: [MessageWords.owner(tenant)], start: nil, end: months2),
        ]
    }

    static func day(of time: Timestamp) -> Int64 { max(0, time.seconds) / Bounds.daySeconds }

    static func month(of day: Int64) -> Int64 { day / Bounds.month }

    static func mark(day: Int64, of tenant: Tenant) -> String { "\(MessageWords.owner(tenant))d\(max(0, day))" }

    static func mark(month: Int64, of tenant: Tenant) -> String { "\(MessageWords.owner(tenant))m\(max(0, month))" }

    /// The least id that can be made on a day.
    private static func first(ofDay day: Int64) -> ID<Message> {
        ID(high: UInt64(clamping: day * Bounds.daySeconds * 1_000) << 16, low: 0)
    }
}
