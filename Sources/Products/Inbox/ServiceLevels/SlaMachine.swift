import Base

/// Runs the clocks of a conversation along its thread: pure.
///
/// Everything that starts, stops, pauses or ends a clock is a line of the thread, and lines are numbered without a gap under
/// the lock of the head. So whoever reads the lines in their order comes to the same clocks, however late they read them,
/// however often they were interrupted, and whatever happened meanwhile.
struct SlaMachine: Sendable {
    enum Bounds {
        /// How long after its time a clock is looked at, so that what was written in time is there to be read.
        static let settling: Duration = .seconds(2)
    }

    /// A line of a thread, as far as clocks care.
    enum Event: Sendable, Hashable {
        case customer, person, bot, handedOver, taken, snoozed, woken, closed, opened
    }

    /// What has become of a promise.
    struct Outcome: Sendable, Hashable {
        enum What: Sendable, Hashable {
            case warned, met, breached
            /// What was called broken was kept after all: the line that kept it was read late.
            case restored
        }

        let kind: SlaClock.Kind
        let what: What
    }

    /// What holds; `nil` when nothing was promised.
    let level: ServiceLevel?
    /// The hours that count; `nil` for always.
    let plan: WeekPlan?
    /// Whether the bot answers first on this channel.
    let isBotFirst: Bool

    // MARK: Lines

    /// Takes in the next line of the thread.
    func apply(_ event: Event, at time: Timestamp, to story: inout SlaStory) -> [Outcome] {
        let time = max(time, story.last)
        story.last = time
        var outcomes = settle(at: time, &story)
        switch event {
        case .customer: customer(at: time, &story)
        case .person: outcomes += person(at: time, &story)
        case .bot: story.owedSince = nil
        case .handedOver:
            guard story.isBot else { break }
            story.isBot = false
            story.owedSince = story.owedSince ?? time
            owe(from: time, &story)
        case .taken:
            guard story.isBot else { break }
            story.isBot = false
            if story.owedSince != nil { owe(from: time, &story) } else { start(.resolution, at: time, &story) }
        case .snoozed: if story.state == .open { snooze(at: time, &story) }
        case .woken: wake(at: time, &story)
        case .closed: outcomes += close(at: time, &story)
        case .opened:
            guard story.state == .closed else {
                wake(at: time, &story)
                break
            }
            open(isBot: false, &story)
            story.isAnswered = true
            start(.resolution, at: time, &story)
        }
        return outcomes
    }

    private func customer(at time: Timestamp, _ story: inout SlaStory) {
        if story.state == .closed { open(isBot: isBotFirst, &story) }
        wake(at: time, &story)
        let isFirst = story.owedSince == nil
        story.owedSince = story.owedSince ?? time
        if !story.isBot, isFirst { owe(from: time, &story) }
    }

    private func person(at time: Timestamp, _ story: inout SlaStory) -> [Outcome] {
        guard story.state != .closed else { return [] }
        story.isBot = false
        let outcomes = end(.first, at: time, &story) + end(.next, at: time, &story)
        story.isAnswered = true
        story.owedSince = nil
        start(.resolution, at: time, &story)
        return outcomes
    }

    private func close(at time: Timestamp, _ story: inout SlaStory) -> [Outcome] {
        guard story.state != .closed else { return [] }
        story.state = .closed
        story.owedSince = nil
        return SlaClock.Kind.allCases.flatMap { end($0, at: time, &story) }
    }

    private func open(isBot: Bool, _ story: inout SlaStory) {
        story.state = .open
        story.isBot = isBot
        story.isAnswered = false
        story.owedSince = nil
        for kind in SlaClock.Kind.allCases { story[kind] = nil }
    }

    // MARK: Clocks

    /// A person owes an answer from a time on.
    private func owe(from time: Timestamp, _ story: inout SlaStory) {
        start(.resolution, at: time, &story)
        if story.isAnswered {
            if story.next?.isOpen != true { story.next = nil }
            start(.next, at: time, &story)
        } else {
            start(.first, at: time, &story)
        }
    }

    private func start(_ kind: SlaClock.Kind, at time: Timestamp, _ story: inout SlaStory) {
        guard story[kind] == nil, let level, let goal = level.goal(kind), time >= level.createdAt,
            let due = moment(after: goal, from: time)
        else { return }
        story[kind] = SlaClock(
            state: .running, startedAt: time, goal: goal.microseconds, dueAt: due,
            warnAt: moment(after: Self.warning(of: goal.microseconds), from: time))
        if story.state == .snoozed { pause(kind, at: time, &story) }
    }

    private static func warning(of goal: Int64) -> Duration {
        .microseconds(Int64((Double(goal) * ServiceLevel.Bounds.warning).rounded()))
    }

    private func end(_ kind: SlaClock.Kind, at time: Timestamp, _ story: inout SlaStory) -> [Outcome] {
        guard var clock = story[kind], clock.isOpen else { return [] }
        clock.state = .met
        clock.left = nil
        clock.endedAt = time
        story[kind] = clock
        return [Outcome(kind: kind, what: .met)]
    }

    private func snooze(at time: Timestamp, _ story: inout SlaStory) {
        story.state = .snoozed
        for kind in SlaClock.Kind.allCases { pause(kind, at: time, &story) }
    }

    private func pause(_ kind: SlaClock.Kind, at time: Timestamp, _ story: inout SlaStory) {
        guard var clock = story[kind], clock.state == .running else { return }
        clock.state = .paused
        clock.left = openTime(from: time, to: clock.dueAt).microseconds
        story[kind] = clock
    }

    private func wake(at time: Timestamp, _ story: inout SlaStory) {
        guard story.state == .snoozed else { return }
        story.state = .open
        for kind in SlaClock.Kind.allCases {
            guard var clock = story[kind], clock.state == .paused, let left = clock.left else { continue }
            guard let due = moment(after: .microseconds(left), from: time) else { continue }
            clock.state = .running
            clock.dueAt = due
            clock.left = nil
            if clock.warnAt != nil {
                let passed = clock.goal - left
                let wait = max(0, Self.warning(of: clock.goal).microseconds - passed)
                clock.warnAt = moment(after: .microseconds(wait), from: time) ?? time
            }
            story[kind] = clock
        }
    }

    private func moment(after passed: Duration, from time: Timestamp) -> Timestamp? {
        guard let plan else { return time + passed }
        return plan.moment(after: passed, from: time)
    }

    private func openTime(from start: Timestamp, to end: Timestamp) -> Duration {
        guard let plan else { return max(.zero, end - start) }
        return plan.openTime(from: start, to: end)
    }

    // MARK: Time

    /// What the time of a line says of clocks: those that had run out before it are broken; those that were called broken
    /// before the line was read, and had not run out when it was written, are not.
    private func settle(at time: Timestamp, _ story: inout SlaStory) -> [Outcome] {
        var outcomes: [Outcome] = []
        for kind in SlaClock.Kind.allCases {
            guard var clock = story[kind] else { continue }
            if clock.state == .running, clock.dueAt < time {
                clock.state = .breached
                clock.endedAt = clock.dueAt
                outcomes.append(Outcome(kind: kind, what: .breached))
            } else if clock.state == .breached, clock.dueAt >= time {
                clock.state = .running
                clock.endedAt = nil
                outcomes.append(Outcome(kind: kind, what: .restored))
            }
            story[kind] = clock
        }
        return outcomes
    }

    /// What time alone has made of the clocks, once all lines were read that there are.
    func look(at now: Timestamp, _ story: inout SlaStory) -> [Outcome] {
        var outcomes: [Outcome] = []
        for kind in SlaClock.Kind.allCases {
            guard var clock = story[kind], clock.state == .running else { continue }
            if clock.dueAt + Bounds.settling < now {
                clock.state = .breached
                clock.endedAt = clock.dueAt
                clock.warnAt = nil
                outcomes.append(Outcome(kind: kind, what: .breached))
            } else if let warn = clock.warnAt, warn <= now {
                clock.warnAt = nil
                outcomes.append(Outcome(kind: kind, what: .warned))
            }
            story[kind] = clock
        }
        return outcomes
    }

    /// When time alone changes something again; `nil` for never.
    func nextLook(_ story: SlaStory) -> Timestamp? {
        SlaClock.Kind.allCases.compactMap { kind -> Timestamp? in
            guard let clock = story[kind], clock.state == .running else { return nil }
            let breach = clock.dueAt + Bounds.settling + .milliseconds(1)
            return clock.warnAt.map { min($0, breach) } ?? breach
        }.min()
    }
}
