import Base

@testable import Inbox

/// What a thread's clocks must come to, counted minute by minute by the words of the rules and without the machine.
struct SlaRecount {
    struct Line {
        let event: SlaMachine.Event
        /// A whole minute.
        let at: Timestamp
    }

    struct Result: Hashable, Comparable {
        let kind: String
        let start: Timestamp
        let end: String

        static func < (left: Result, right: Result) -> Bool {
            (left.start, left.kind, left.end) < (right.start, right.kind, right.end)
        }
    }

    /// Minutes of each goal.
    let goals: [SlaClock.Kind: Int]
    let plan: WeekPlan?
    let isBotFirst: Bool

    /// All clocks that a thread has started, and how they had ended by a time.
    func results(_ lines: [Line], until end: Timestamp) -> [Result] {
        var found: [Result] = []
        var part: [Line] = []
        for line in lines {
            if part.isEmpty, line.event != .customer, line.event != .opened { continue }
            part.append(line)
            if line.event == .closed {
                found += results(of: part, until: end)
                part = []
            }
        }
        return (found + (part.isEmpty ? [] : results(of: part, until: end))).sorted()
    }

    /// A part of a thread between two closings.
    private func results(of lines: [Line], until end: Timestamp) -> [Result] {
        let isByPerson = lines[0].event == .opened
        let hasBot = isBotFirst && !isByPerson
        let ends: Set<SlaMachine.Event> = [.handedOver, .taken, .person]
        let botEnd = hasBot ? lines.firstIndex { ends.contains($0.event) } ?? lines.count : 0
        // The places from which on a person owes an answer that nobody has given yet.
        var owed: [Int] = []
        var waits = false
        for (place, line) in lines.enumerated() {
            switch line.event {
            case .customer:
                if place >= botEnd, !waits { owed.append(place) }
                waits = true
            case .person, .bot: waits = false
            case .handedOver where hasBot && place == botEnd:
                owed.append(place)
                waits = true
            case .taken where hasBot && place == botEnd && waits: owed.append(place)
            default: break
            }
        }
        let closing = lines[lines.count - 1].event == .closed ? lines.count - 1 : nil
        let persons = lines.indices.filter { lines[$0].event == .person }
        var found: [Result] = []
        for place in owed {
            let isAnswered = isByPerson || persons.contains { $0 < place }
            let answer = persons.first { $0 > place } ?? closing
            found += result(isAnswered ? .next : .first, lines, from: place, to: answer, until: end)
        }
        let taken = hasBot && botEnd < lines.count && lines[botEnd].event == .taken ? botEnd : nil
        let begun = [owed.first, persons.first, taken, isByPerson ? 0 : nil].compactMap { $0 }.min()
        if let begun { found += result(.resolution, lines, from: begun, to: closing, until: end) }
        return found
    }

    /// How a clock ends that runs from one line to another, with what is left out while the conversation sleeps.
    private func result(
        _ kind: SlaClock.Kind, _ lines: [Line], from: Int, to: Int?, until end: Timestamp
    ) -> [Result] {
        guard var left = goals[kind] else { return [] }
        func say(_ word: String) -> [Result] { [Result(kind: kind.rawValue, start: lines[from].at, end: word)] }
        var awake: Timestamp? = isAsleep(lines, at: from) ? nil : lines[from].at
        for line in lines[(from + 1)..<((to ?? lines.count - 1) + 1)] {
            switch line.event {
            case .snoozed:
                guard let since = awake else { continue }
                if due(after: left, since: since) < line.at { return say("breached") }
                left -= openMinutes(from: since, to: line.at)
                awake = nil
            case .woken, .customer, .opened: awake = awake ?? line.at
            default: break
            }
        }
        let last = to.map { lines[$0].at } ?? end
        guard let awake else { return say(to == nil ? "open" : "met") }
        if due(after: left, since: awake) < last { return say("breached") }
        return say(to == nil ? "open" : "met")
    }

    private func isAsleep(_ lines: [Line], at place: Int) -> Bool {
        var isAsleep = false
        for line in lines[...place] {
            switch line.event {
            case .snoozed: isAsleep = true
            case .woken, .customer, .opened: isAsleep = false
            default: break
            }
        }
        return isAsleep
    }

    /// The first moment at which so many open minutes have passed.
    private func due(after minutes: Int, since start: Timestamp) -> Timestamp {
        var (left, time) = (minutes, start)
        while true {
            let isOpen = plan?.isOpen(at: time) ?? true
            if left == 0, isOpen || minutes > 0 { return time }
            if isOpen { left -= 1 }
            time = time + .seconds(60)
        }
    }

    private func openMinutes(from start: Timestamp, to end: Timestamp) -> Int {
        var (sum, time) = (0, start)
        while time < end {
            if plan?.isOpen(at: time) ?? true { sum += 1 }
            time = time + .seconds(60)
        }
        return sum
    }
}
