import Base

/// What a voter did on one local day.
struct DayOfVotes: Sendable, Hashable {
    let day: CalendarDay
    /// Votes that were not taken back on the same day.
    let votes: Int
    let weight: Int
}

/// What a person has done so far.
///
/// Clips and wins change with what causes them; votes of a day are added when the day is over, see ``PersonJobs``.
struct PersonTally: Sendable, Hashable {
    var votesCast = 0
    var weightCast = 0
    /// Clips that were approved and not removed.
    var clips = 0
    var wins = 0
    /// Days in a row with a vote, up to ``lastDay``.
    var streakDays = 0
    /// The longest such row.
    var streakBest = 0
    /// The last day with a vote.
    var lastDay: CalendarDay?
    var followers = 0
    var following = 0

    /// What it is worth: 1 for a vote, 25 for a clip, 250 for a win, 5 for each day of the longest streak.
    ///
    /// The longest streak and not the one that is on, so that a day off costs nothing that was earned.
    var points: Int { votesCast + 25 * clips + 250 * wins + 5 * streakBest }

    /// Adds a day; days come in order.
    mutating func add(_ day: DayOfVotes) {
        votesCast += day.votes
        weightCast += day.weight
        guard day.votes > 0, lastDay.map({ $0 < day.day }) ?? true else { return }
        streakDays = lastDay?.next == day.day ? streakDays + 1 : 1
        streakBest = max(streakBest, streakDays)
        lastDay = day.day
    }

    /// The same as one sees it on a day: a streak that was not lengthened the day before has ended.
    func seen(on today: CalendarDay) -> PersonTally {
        var copy = self
        if let lastDay, lastDay.next < today { copy.streakDays = 0 }
        return copy
    }
}

/// By how much what happens changes a person's numbers.
struct PersonChange: Sendable, Hashable {
    var clips = 0
    var wins = 0
    var followers = 0
    var following = 0
}

/// A person's numbers with what belongs beside them.
struct PersonStats: Sendable, Hashable {
    /// With all days up to now, whether they were folded or not.
    let tally: PersonTally
    /// Weight and votes of the day that is on.
    let today: DayOfVotes
    /// Whether who looks follows the person.
    let isFollowed: Bool
    /// Whether there are any numbers of the person.
    let isKnown: Bool
}
