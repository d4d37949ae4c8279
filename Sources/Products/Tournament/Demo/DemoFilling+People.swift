import Base
import Storage

extension DemoFilling {
    /// What the people of the demo have done: votes of the days that are over, clips, wins and follows.
    ///
    /// The mark of the fold stands behind those days, so that they are not added a second time.
    static func tallies(
        of demo: DemoSeason, social: DemoSocial, winners: [Winner], spent: [DemoStore.Spent], at now: Timestamp
    ) -> (tallies: [DemoStore.Tally], mark: PersonStore.Mark) {
        let zone = demo.season.rules.zone
        let today = CalendarDay(of: now - PersonJobs.Bounds.grace, in: zone)
        var tallies: [ID<Person>: PersonTally] = [:]
        var persons: [ID<Voter>: ID<Person>] = [:]
        for voter in demo.voters { if let person = voter.personID { persons[voter.id] = person } }
        var mark = PersonStore.Mark.beginning(dueAt: today.next.start(in: zone) + PersonJobs.Bounds.grace)
        // In the order of the fold: day by day, and by voter within a day.
        for day in spent.sorted(by: { ($0.day, $0.voterID) < ($1.day, $1.voterID) }) where day.day < today {
            mark.foldedAt = day.day.start(in: zone)
            mark.voterID = day.voterID
            mark.day = day.day
            guard let person = persons[day.voterID] else { continue }
            tallies[person, default: PersonTally()].add(
                DayOfVotes(day: day.day, votes: day.votes, weight: day.weight))
        }
        for (person, tally) in tallies { tallies[person] = tally.seen(on: today) }
        let makers = Dictionary(
            demo.scenes.flatMap(\.clips).map { ($0.id, $0.personID) }, uniquingKeysWith: { first, _ in first })
        for maker in makers.values { tallies[maker, default: PersonTally()].clips += 1 }
        for winner in winners {
            if let maker = makers[winner.clipID] { tallies[maker, default: PersonTally()].wins += 1 }
        }
        for follow in social.follows {
            tallies[follow.followerID, default: PersonTally()].following += 1
            tallies[follow.personID, default: PersonTally()].followers += 1
        }
        return (
            tallies.map { DemoStore.Tally(person: $0.key, tally: $0.value) }.sorted { $0.person < $1.person }, mark
        )
    }
}
