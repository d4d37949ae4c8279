import Base
import Testing

@testable import Jobs

@Suite struct CronExpressionTests {
    private func next(_ table: String, after time: String, zone: String = "UTC") throws -> String? {
        let time = try #require(Timestamp(time))
        return try CronExpression(table, zone: zone).next(after: time)?.description
    }

    @Test(arguments: [
        ("0 3 * * *", "2026-01-01T02:59:59Z", "2026-01-01T03:00:00.000000Z"),
        ("0 3 * * *", "2026-01-01T03:00:00Z", "2026-01-02T03:00:00.000000Z"),
        ("*/15 * * * *", "2026-01-01T10:16:00Z", "2026-01-01T10:30:00.000000Z"),
        ("5-10/5,30 8 * * *", "2026-01-01T08:05:00Z", "2026-01-01T08:10:00.000000Z"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00.000000Z"),
        ("0 9 * * mon-fri", "2026-01-02T09:00:00Z", "2026-01-05T09:00:00.000000Z"),
        ("0 9 * jan,jul 7", "2026-02-01T00:00:00Z", "2026-07-05T09:00:00.000000Z"),
        ("59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00.000000Z"),
        // Both days restricted: either will do. The 13th of February 2026 is a Friday.
        ("0 0 13 * mon", "2026-02-10T00:00:00Z", "2026-02-13T00:00:00.000000Z"),
        ("0 0 14 * mon", "2026-02-14T00:00:00Z", "2026-02-16T00:00:00.000000Z"),
    ])
    func `a time table names its next time`(table: String, after: String, expected: String) throws {
        #expect(try next(table, after: after) == expected)
    }

    @Test func `a day that never comes has no next time`() throws {
        #expect(try next("0 0 30 2 *", after: "2026-01-01T00:00:00Z") == nil)
    }

    @Test func `times are those of the zone`() throws {
        #expect(try next("30 8 * * *", after: "2026-07-01T00:00:00Z", zone: "Europe/Berlin") == "2026-07-01T06:30:00.000000Z")
        #expect(try next("30 8 * * *", after: "2026-01-01T00:00:00Z", zone: "Europe/Berlin") == "2026-01-01T07:30:00.000000Z")
    }

    @Test func `where clocks are set forward a missing time fires an hour later, and where they are set back once`() throws {
        // 2026-03-29 at 2:00 is 3:00 in Berlin.
        let spring = try CronExpression("30 2 * * *", zone: "Europe/Berlin")
        let first = try #require(spring.next(after: try #require(Timestamp("2026-03-28T12:00:00Z"))))
        #expect(first.description == "2026-03-29T01:30:00.000000Z")
        #expect(spring.next(after: first)?.description == "2026-03-30T00:30:00.000000Z")
        // 2026-10-25 at 3:00 is 2:00 again.
        let autumn = try #require(spring.next(after: try #require(Timestamp("2026-10-24T12:00:00Z"))))
        #expect(autumn.description == "2026-10-25T00:30:00.000000Z")
        #expect(spring.next(after: autumn)?.description == "2026-10-26T01:30:00.000000Z")
    }

    @Test func `ticks never stand still or go back`() throws {
        for table in ["* * * * *", "7 * * * *", "*/20 1-4 * * *"] {
            let cron = try CronExpression(table, zone: "Europe/Berlin")
            var time = try #require(Timestamp("2026-03-28T23:50:00Z"))
            for _ in 0..<300 {
                let next = try #require(cron.next(after: time))
                #expect(next > time)
                time = next
            }
        }
    }

    @Test(arguments: [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *",
        "*/0 * * * *", "a * * * *", "1,,2 * * * *", "1-2-3 * * * *", "1/2/3 * * * *",
    ])
    func `a table that cannot be read is refused`(table: String) {
        #expect(throws: JobsError.self) { try CronExpression(table) }
    }

    @Test func `a zone that is none is refused`() {
        #expect(throws: JobsError.self) { try CronExpression("0 3 * * *", zone: "Mars/Olympus") }
    }
}
