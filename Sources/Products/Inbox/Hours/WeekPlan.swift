import Base
import Foundation

/// When a company answers: hours of each weekday in its own zone, and days on which it does not.
struct WeekPlan: Sendable, Hashable, Codable {
    enum Bounds {
        /// Spans of a day.
        static let spans = 6
        static let holidays = 200
        /// Days that are looked ahead for the next opening.
        static let ahead: Int64 = 30
    }

    /// Minutes of a day, the second one behind the last.
    struct Span: Sendable, Hashable, Codable {
        var from: Int
        var until: Int
    }

    /// The name of the zone, as in `Europe/Lisbon`.
    var zone: String
    /// The spans of each weekday, Monday first; none for a day that is closed.
    var days: [[Span]]
    /// Days on which nobody answers, as in `2026-12-25`.
    var holidays: [String] = []

    /// Whether the plan means something: seven days of ordered spans in a zone that exists.
    var isSound: Bool {
        TimeZone(identifier: zone) != nil && days.count == 7 && holidays.count <= Bounds.holidays
            && holidays.allSatisfy { CalendarDay($0) != nil }
            && days.allSatisfy { spans in
                spans.count <= Bounds.spans
                    && spans.allSatisfy { $0.from >= 0 && $0.from < $0.until && $0.until <= 1_440 }
                    && zip(spans, spans.dropFirst()).allSatisfy { $0.until <= $1.from }
            }
    }

    /// The open spans of a day, as times.
    private func open(on day: CalendarDay) -> [Range<Timestamp>] {
        guard let zone = TimeZone(identifier: zone), days.count == 7, !holidays.contains(day.description) else {
            return []
        }
        // The first of January 1970 was a Thursday.
        let weekday = Int((day.daysSinceEpoch % 7 + 10) % 7)
        let (start, end) = (day.start(in: zone), day.next.start(in: zone))
        // On days of 23 or 25 hours the clock on the wall counts, as people do.
        func time(_ minute: Int) -> Timestamp {
            let plain = start + .seconds(Int64(minute) * 60)
            let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(start.seconds)))
            let then = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(plain.seconds)))
            return min(end, plain + .seconds(Int64(offset - then)))
        }
        return days[weekday].compactMap { span in
            let (from, until) = (time(span.from), time(span.until))
            return from < until ? from..<until : nil
        }
    }

    private func day(of time: Timestamp) -> CalendarDay {
        CalendarDay(of: time, in: TimeZone(identifier: zone) ?? .gmt)
    }

    func isOpen(at time: Timestamp) -> Bool { open(on: day(of: time)).contains { $0.contains(time) } }

    /// When it opens next, or now when it is open; `nil` when that is not within a month.
    func nextOpening(after time: Timestamp) -> Timestamp? {
        var day = day(of: time)
        for _ in 0...Bounds.ahead {
            for span in open(on: day) where span.upperBound > time { return max(span.lowerBound, time) }
            day = day.next
        }
        return nil
    }

    /// The moment at which so much open time has passed; `nil` when that is not within a month.
    func moment(after passed: Duration, from time: Timestamp) -> Timestamp? {
        var left = passed
        var day = day(of: time)
        for _ in 0...Bounds.ahead {
            for span in open(on: day) where span.upperBound > time {
                let from = max(span.lowerBound, time)
                let length = span.upperBound - from
                if length >= left { return from + left }
                left -= length
            }
            day = day.next
        }
        return nil
    }

    /// How much open time lies between two moments, at most a month of it.
    func openTime(from start: Timestamp, to end: Timestamp) -> Duration {
        var sum: Duration = .zero
        var day = day(of: start)
        let last = self.day(of: end)
        for _ in 0...Bounds.ahead where day <= last {
            for span in open(on: day) {
                let (from, until) = (max(span.lowerBound, start), min(span.upperBound, end))
                if from < until { sum += until - from }
            }
            day = day.next
        }
        return sum
    }
}
