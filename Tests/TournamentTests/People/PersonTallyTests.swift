import Base
import Testing

@testable import Tournament

@Suite struct PersonTallyTests {
    private func day(_ number: Int64, votes: Int = 3, weight: Int = 5) -> DayOfVotes {
        DayOfVotes(day: CalendarDay(daysSinceEpoch: number), votes: votes, weight: weight)
    }

    @Test func `a streak is lengthened by the next day and begins anew after a gap`() {
        var tally = PersonTally()
        for number in [10, 11, 12] as [Int64] { tally.add(day(number)) }
        #expect(tally.streakDays == 3 && tally.streakBest == 3)
        tally.add(day(14))
        #expect(tally.streakDays == 1 && tally.streakBest == 3)
        #expect(tally.votesCast == 12 && tally.weightCast == 20)
    }

    @Test func `a day on which all votes were taken back lengthens nothing`() {
        var tally = PersonTally()
        tally.add(day(10))
        tally.add(day(11, votes: 0, weight: 0))
        tally.add(day(12))
        #expect(tally.streakDays == 1 && tally.lastDay == CalendarDay(daysSinceEpoch: 12))
    }

    @Test func `a streak is alive through the day after, and over then`() {
        var tally = PersonTally()
        for number in [10, 11] as [Int64] { tally.add(day(number)) }
        #expect(tally.seen(on: CalendarDay(daysSinceEpoch: 11)).streakDays == 2)
        #expect(tally.seen(on: CalendarDay(daysSinceEpoch: 12)).streakDays == 2)
        #expect(tally.seen(on: CalendarDay(daysSinceEpoch: 13)).streakDays == 0)
        #expect(tally.seen(on: CalendarDay(daysSinceEpoch: 13)).streakBest == 2)
    }

    @Test func `points are a vote each, 25 a clip, 250 a win, and five a day of the best streak`() {
        let tally = PersonTally(votesCast: 40, weightCast: 60, clips: 3, wins: 1, streakDays: 0, streakBest: 7)
        #expect(tally.points == 40 + 75 + 250 + 35)
    }

    @Test func `additions are the days of people, in order, and nothing of devices`() throws {
        let before = PersonTally(streakDays: 4, streakBest: 4, lastDay: CalendarDay(daysSinceEpoch: 9))
        let visits: [(person: UInt64, day: Int64)] = [(1, 10), (2, 10), (1, 11), (1, 13)]
        let days: [PersonStore.ClosedDay] = visits.map { visit in
            PersonStore.ClosedDay(
                startsAt: Timestamp(microseconds: visit.day * 86_400_000_000), voterID: ID(high: 1, low: visit.person),
                day: day(visit.day), personID: visit.person == 2 ? nil : ID(high: 5, low: visit.person), tally: before)
        }
        let additions = PersonJobs.additions(days)
        #expect(additions.count == 1)
        #expect(additions[0].votes == 9 && additions[0].tally.streakBest == 6 && additions[0].tally.streakDays == 1)
    }
}
