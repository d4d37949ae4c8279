public import Base
import Foundation

/// A time table of five fields: minute (0–59), hour (0–23), day of the month (1–31), month (1–12 or `jan`–`dec`), day of
/// the week (0–7 or `sun`–`sat`, 0 and 7 are Sunday).
///
/// Each field is `*`, a number, a range `a-b`, each with a step `/n`, or a list of these. As everywhere, where both days
/// are restricted either of them will do. Where clocks are set forward, times that do not exist fire an hour later; where
/// they are set back, times that exist twice fire the first time only.
public struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    private enum Bounds {
        static let textBytes = 200
        /// Days that are looked through for the next one: the rarest day is the 29th of February.
        static let days = 366 * 9
    }

    private let minutes: Set<Int>
    private let hours: Set<Int>
    private let days: Set<Int>
    private let months: Set<Int>
    private let weekdays: Set<Int>
    private let isEitherDay: Bool
    private let text: String
    private let zone: TimeZone

    /// Reads a time table.
    ///
    /// - Throws: `jobs.invalidSchedule` naming the field that cannot be read.
    public init(_ text: String, zone: String = "UTC") throws(JobsError) {
        let fields = text.split(separator: " ").map { $0.lowercased() }
        guard fields.count == 5, text.utf8.count <= Bounds.textBytes else {
            throw JobsError(
                .invalidSchedule, "a time table has five fields (minute hour day month weekday), as in 0 3 * * *")
        }
        guard let found = TimeZone(identifier: zone) else {
            throw JobsError(.invalidSchedule, "there is no time zone \(zone): use a name such as Europe/Berlin")
        }
        minutes = try Self.values(of: fields[0], "minute", in: 0...59)
        hours = try Self.values(of: fields[1], "hour", in: 0...23)
        days = try Self.values(of: fields[2], "day", in: 1...31)
        months = try Self.values(
            of: fields[3], "month", in: 1...12,
            names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], from: 1)
        let parsed = try Self.values(
            of: fields[4], "weekday", in: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"], from: 0)
        weekdays = Set(parsed.map { $0 % 7 })
        isEitherDay = !fields[2].hasPrefix("*") && !fields[4].hasPrefix("*")
        self.text = fields.joined(separator: " ")
        self.zone = found
    }

    /// The five fields and the zone.
    public var description: String { "\(text) \(zone.identifier)" }

    private static func values(
        of field: String, _ what: String, in range: ClosedRange<Int>, names: [String] = [], from first: Int = 0
    ) throws(JobsError) -> Set<Int> {
        let problem = JobsError(
            .invalidSchedule, "the \(what) of a time table is \(range.lowerBound) to \(range.upperBound), not \(field)")
        func number(_ text: Substring) -> Int? {
            if let place = names.firstIndex(of: String(text)) { return place + first }
            return Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
        var found: Set<Int> = []
        for part in field.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
            guard let body = pieces.first, pieces.count <= 2 else { throw problem }
            var step = 1
            if pieces.count == 2 {
                guard let given = Int(pieces[1]), given > 0 else { throw problem }
                step = given
            }
            let ends = body.split(separator: "-", omittingEmptySubsequences: false)
            let (low, high): (Int, Int)
            if body == "*" {
                (low, high) = (range.lowerBound, range.upperBound)
            } else if ends.count == 2, let start = number(ends[0]), let end = number(ends[1]), start <= end {
                (low, high) = (start, end)
            } else if ends.count == 1, let start = number(body) {
                (low, high) = (start, pieces.count == 2 ? range.upperBound : start)
            } else {
                throw problem
            }
            for value in stride(from: low, through: high, by: step) { found.insert(value) }
        }
        return found
    }

    /// The first time after `time` that the table names; `nil` when there is none in nine years (30 February).
    public func next(after time: Timestamp) -> Timestamp? {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let start = Date(timeIntervalSince1970: Double(time.seconds))
        let startHour = calendar.component(.hour, from: start)
        var day = calendar.startOfDay(for: start)
        for number in 0..<Bounds.days {
            let parts = calendar.dateComponents([.year, .month, .day, .weekday], from: day)
            guard let month = parts.month, let date = parts.day, let weekday = parts.weekday else { return nil }
            if months.contains(month), isDay(date, weekday: weekday - 1),
                let tick = tick(of: parts, from: number == 0 ? startHour - 1 : 0, after: time, calendar)
            {
                return tick
            }
            guard let next = calendar.date(byAdding: .day, value: 1, to: day) else { return nil }
            day = calendar.startOfDay(for: next)
        }
        return nil
    }

    /// The first tick of a day after a time. Where clocks change, the order of times differs from that of their names, so
    /// that the hour after the first one found is looked at too.
    private func tick(
        of day: DateComponents, from first: Int, after time: Timestamp, _ calendar: Calendar
    ) -> Timestamp? {
        var earliest: Timestamp?
        var hoursLeft = 2
        for hour in hours.sorted() where hour >= first && hoursLeft > 0 {
            var found: Timestamp?
            for minute in minutes.sorted() where found == nil {
                var wanted = day
                wanted.weekday = nil
                wanted.hour = hour
                wanted.minute = minute
                guard let moment = calendar.date(from: wanted) else { continue }
                let tick = Timestamp(microseconds: Int64(moment.timeIntervalSince1970) * 1_000_000)
                if tick > time { found = tick }
            }
            guard let found else { continue }
            earliest = min(earliest ?? found, found)
            hoursLeft -= 1
        }
        return earliest
    }

    private func isDay(_ date: Int, weekday: Int) -> Bool {
        isEitherDay
            ? days.contains(date) || weekdays.contains(weekday) : days.contains(date) && weekdays.contains(weekday)
    }
}
