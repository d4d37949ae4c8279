import Base
public import Coordination

/// What every ``Bus`` must do: one case per sentence of its contract, to be run on a fresh back end.
///
/// ```swift
/// @Test(arguments: BusConformance.allCases) func `it keeps the contract`(rule: BusConformance) async throws {
///     try await rule.check(InProcessBus(), topic: "t")
/// }
/// ```
public enum BusConformance: String, CaseIterable, Sendable {
    /// Every subscription of the topic gets every message, in order, the publisher's own included.
    case deliversToAllInOrder
    /// Another topic's messages do not arrive.
    case separatesTopics
    /// What was published before the subscription stood does not arrive.
    case startsWithTheSubscription
    /// A reader that is too slow is told that it missed some, then gets later ones.
    case tellsSlowReadersThatTheyMissed
    /// A closed subscription ends; others go on.
    case closes
    /// Reading ends when the reading task is cancelled.
    case endsOnCancellation
    /// A payload over the bound is refused; the largest one arrives whole.
    case refusesLargePayloads
    /// Many that publish at the same time from two nodes: each one's messages arrive in its order, none twice.
    case keepsEachPublishersOrder

    /// Checks the sentence, on a topic that nobody else uses.
    ///
    /// `peer` is the bus of another node, where the back end knows more than one.
    ///
    /// - Throws: ``ConformanceFailure`` when it does not hold, or what the back end throws.
    public func check(_ bus: any Bus, peer: (any Bus)? = nil, topic: String) async throws {
        switch self {
        case .keepsEachPublishersOrder: try await keepsOrder(bus, peer ?? bus, topic)
        case .deliversToAllInOrder: try await deliversToAllInOrder(bus, topic)
        case .separatesTopics: try await separatesTopics(bus, topic)
        case .startsWithTheSubscription: try await startsWithTheSubscription(bus, topic)
        case .tellsSlowReadersThatTheyMissed: try await tellsSlowReaders(bus, topic)
        case .closes: try await closes(bus, topic)
        case .endsOnCancellation: try await endsOnCancellation(bus, topic)
        case .refusesLargePayloads: try await refusesLargePayloads(bus, topic)
        }
    }

    private func deliversToAllInOrder(_ bus: any Bus, _ topic: String) async throws {
        let readers = [try await bus.subscribe(to: topic), try await bus.subscribe(to: topic)]
        for number in 0..<200 as Range<UInt8> { try await bus.publish([number], to: topic) }
        for reader in readers {
            for number in 0..<200 as Range<UInt8> {
                let event = await reader.next()
                try require(event == .message([number]), "message \(number) should come, not \(event as Any)")
            }
        }
    }

    private func separatesTopics(_ bus: any Bus, _ topic: String) async throws {
        let reader = try await bus.subscribe(to: topic)
        try await bus.publish([1], to: topic + ".other")
        try await bus.publish([2], to: topic)
        let event = await reader.next()
        try require(event == .message([2]), "another topic's message came: \(event as Any)")
    }

    private func startsWithTheSubscription(_ bus: any Bus, _ topic: String) async throws {
        try await bus.publish([1], to: topic)
        let reader = try await bus.subscribe(to: topic)
        try await bus.publish([2], to: topic)
        let event = await reader.next()
        try require(event == .message([2]), "an old message came: \(event as Any)")
    }

    private func tellsSlowReaders(_ bus: any Bus, _ topic: String) async throws {
        let reader = try await bus.subscribe(to: topic)
        for number in 0..<50_000 {
            try await bus.publish([UInt8(truncatingIfNeeded: number)], to: topic)
        }
        try await bus.publish(Array("last".utf8), to: topic)
        var hasMissed = false
        var count = 0
        while let event = await reader.next() {
            if event == .missed { hasMissed = true }
            if event == .message(Array("last".utf8)) { break }
            count += 1
        }
        try require(hasMissed, "\(count) events waited for a slow reader, and none said that some were missed")
    }

    private func closes(_ bus: any Bus, _ topic: String) async throws {
        let closed = try await bus.subscribe(to: topic)
        let open = try await bus.subscribe(to: topic)
        closed.close()
        try await bus.publish([1], to: topic)
        let (end, event) = (await closed.next(), await open.next())
        try require(end == nil, "a closed subscription went on with \(end as Any)")
        try require(event == .message([1]), "closing one subscription cut another")
    }

    private func endsOnCancellation(_ bus: any Bus, _ topic: String) async throws {
        let reader = try await bus.subscribe(to: topic)
        let event = await withTaskGroup(of: BusEvent?.self) { group in
            group.addTask { await reader.next() }
            group.cancelAll()
            return await group.next() ?? nil
        }
        try require(event == nil, "a cancelled reader got \(event as Any)")
        try await bus.publish([1], to: topic)
        let next = await reader.next()
        try require(next == .message([1]), "the subscription should outlive a cancelled read")
    }

    private func keepsOrder(_ bus: any Bus, _ peer: any Bus, _ topic: String) async throws {
        let (publishers, messages) = (4, 100)
        let readers = [try await bus.subscribe(to: topic), try await peer.subscribe(to: topic)]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for publisher in 0..<publishers {
                group.addTask {
                    let node = publisher.isMultiple(of: 2) ? bus : peer
                    for number in 0..<messages {
                        try await node.publish([UInt8(publisher), UInt8(number)], to: topic)
                    }
                }
            }
            try await group.waitForAll()
        }
        for reader in readers {
            var next = [Int](repeating: 0, count: publishers)
            for _ in 0..<publishers * messages {
                guard case .message(let message)? = await reader.next(), message.count == 2 else {
                    throw ConformanceFailure("something else than a message came, after \(next)")
                }
                let (publisher, number) = (Int(message[0]), Int(message[1]))
                try require(
                    number == next[publisher], "message \(number) of publisher \(publisher) came for \(next[publisher])"
                )
                next[publisher] += 1
            }
        }
    }

    private func refusesLargePayloads(_ bus: any Bus, _ topic: String) async throws {
        let largest = CoordinationBounds.messageBytesMax.bytes
        let message = (0..<largest).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let reader = try await bus.subscribe(to: topic)
        try await bus.publish(message, to: topic)
        let event = await reader.next()
        try require(event == .message(message), "the largest message did not arrive whole")
        do {
            try await bus.publish(Array(repeating: 0, count: largest + 1), to: topic)
        } catch {
            guard error.code == .tooLarge else { throw error }
            return
        }
        throw ConformanceFailure("a message over the bound was taken")
    }
}
