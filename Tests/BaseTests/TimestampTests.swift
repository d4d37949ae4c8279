import Base
import BaseTestKit
import Foundation
import Testing

@Suite struct TimestampTests {
    @Test func `text leads back to the same time, before and after the epoch`() {
        let randomness = SeededRandomness(seed: 4)
        for _ in 0..<2_000 {
            let time = Timestamp(
                microseconds: Int64(randomness.below(200_000_000_000_000_000)) - 60_000_000_000_000_000)
            #expect(Timestamp(time.description) == time)
        }
    }

    @Test func `text agrees with Foundation's calendar`() throws {
        let randomness = SeededRandomness(seed: 5)
        for _ in 0..<500 {
            let seconds = Int64(randomness.below(8_000_000_000)) - 2_000_000_000
            let expected = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
            let text = Timestamp(microseconds: seconds * 1_000_000).description
            #expect(text.replacing(".000000Z", with: "Z") == expected)
        }
    }

    @Test func `offsets and short fractions are read`() {
        #expect(Timestamp("2026-11-21T09:44:40.5+01:00") == Timestamp("2026-11-21T08:44:40.500000Z"))
        #expect(Timestamp("2026-11-21T03:14:40-05:30") == Timestamp("2026-11-21T08:44:40Z"))
        #expect(Timestamp("1970-01-01T00:00:00.000001Z")?.microseconds == 1)
    }

    @Test(arguments: [
        "", "2026-11-21", "2026-11-21T08:44:40", "2026-13-21T08:44:40Z", "2026-02-29T08:44:40Z", "2026-11-21T24:00:00Z",
        "2026-11-21T08:44:40.Z", "2026-11-21T08:44:40.1234567Z", "2026-11-21T08:44:40+25:00", "2026-11-21X08:44:40Z",
    ])
    func `text that is no time is refused`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func `arithmetic keeps microseconds`() {
        let time = Timestamp.epoch + .microseconds(1_500_001)
        #expect(time.microseconds == 1_500_001)
        #expect(time - .seconds(2) - Timestamp.epoch == .microseconds(-499_999))
        #expect((time - .seconds(2)).seconds == -1)
    }
}

@Suite struct CalendarDayTests {
    private let zones = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]

    @Test func `the day and its start agree with Foundation in every zone and across clock changes`() throws {
        let randomness = SeededRandomness(seed: 6)
        for name in zones {
            let zone = try #require(TimeZone(identifier: name))
            var calendar = Calendar(identifier: .gregorian)
            calendar.timeZone = zone
            for _ in 0..<200 {
                let time = Timestamp(microseconds: Int64(randomness.below(1_900_000_000)) * 1_000_000)
                let date = Date(timeIntervalSince1970: Double(time.seconds))
                let day = CalendarDay(of: time, in: zone)
                let parts = calendar.dateComponents([.year, .month, .day], from: date)
                #expect(
                    day.description
                        == String(format: "%04d-%02d-%02d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0))
                #expect(day.start(in: zone).seconds == Int64(calendar.startOfDay(for: date).timeIntervalSince1970))
            }
        }
    }

    @Test(arguments: ["2026-02-29", "2026-00-10", "2026-11-31", "26-11-21", "2026-1-21", ""])
    func `text that is no day is refused`(text: String) {
        #expect(CalendarDay(text) == nil)
    }

    @Test func `a day is made of its parts, and months are added up to the last day that there is`() throws {
        for days in stride(from: -800_000 as Int64, to: 800_000, by: 97) {
            let day = CalendarDay(daysSinceEpoch: days)
            let parts = day.parts
            #expect(CalendarDay(year: parts.year, month: parts.month, day: parts.day) == day)
        }
        func added(_ months: Int64) -> String {
            CalendarDay.day(31, of: 1, year: 2_026, addingMonths: months).description
        }
        #expect(
            [0, 1, 3, 11, 12, 25].map(added) == [
                "2026-01-31", "2026-02-28", "2026-04-30", "2026-12-31", "2027-01-31", "2028-02-29",
            ])
        #expect([-1, -2, -11].map(added) == ["2025-12-31", "2025-11-30", "2025-02-28"])
    }
}
