import Base
import ServiceLifecycle
import Storage
import Synchronization
import Telemetry

extension Realtime {
    // MARK: Running

    /// Delivers until the service group stops; afterwards nothing is delivered.
    public func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await self.desk.run() }
                    group.addTask { await self.deliver() }
                    group.addTask { await self.speak() }
                    group.addTask { try await self.listen() }
                    group.addTask { try await self.repeating(Bounds.beat) { self.beat() } }
                    group.addTask { try await self.repeating(Bounds.tell) { self.tellSeats() } }
                    group.addTask { try await self.repeating(Bounds.sweep) { self.sweep() } }
                    group.addTask { try await self.repeating(self.options.lookEvery) { await self.look() } }
                    try await group.waitForAll()
                }
            }
        } catch is CancellationError {
            // How it is told to stop.
        }
    }

    func repeating(_ pause: Duration, _ body: () async -> Void) async throws {
        while true {
            try await clock.sleep(for: pause)
            await body()
        }
    }

    func beat() {
        if mustTellAll.exchange(false, ordering: .relaxed) { tellEverything() } else { say([.beat]) }
        let changes = gathering.withLock { gathering in
            gathering.seats.bury(at: clock.uptime()).flatMap { gathering.presence.bury($0) }
        }
        show(changes)
    }

    func tellSeats() {
        let entries = gathering.withLock { $0.seats.takeUntold() }
        if !entries.isEmpty { say(entries) }
    }

    func sweep() {
        // Sessions are looked at every fifth time: revocations are seconds old anyway.
        let isDue = sweeps.add(1, ordering: .relaxed).oldValue.isMultiple(of: 5)
        let isWelcome = isDue ? welcome.withLock { $0 } : nil
        for shard in shards.withLock({ Array($0.values) }) { shard.sweep(isWelcome: isWelcome) }
    }

    /// Compares what this node knows with the logs' heads, and forgets topics that nobody listens to any more.
    func look() async {
        let now = clock.uptime()
        let known = feeds.withLock { Array($0.values) }
        var open: [TopicKey: TopicFeed] = [:]
        for feed in known {
            if feed.retireIfQuiet(at: now) {
                feeds.withLock { if $0[feed.key] === feed { $0[feed.key] = nil } }
            } else {
                open[feed.key] = feed
            }
        }
        let keys = Array(open.keys)
        for start in stride(from: 0, to: keys.count, by: TopicStore.Bounds.heads) {
            let part = Array(keys[start..<min(start + TopicStore.Bounds.heads, keys.count)])
            do throws(StorageError) {
                for (key, head) in try await store.heads(of: part) { open[key]?.heard(head: head) }
            } catch {
                events.record(.topicReadFailed, ["code": .text(error.code.rawValue)])
            }
        }
    }

    // MARK: Delivering

    /// Brings what this node's transactions have published to everybody.
    func deliver() async {
        while !Task.isCancelled {
            let news = await courier.next()
            if news.mustLook {
                say([.look])
                for feed in feeds.withLock({ Array($0.values) }) { feed.missed() }
            }
            let published = Array(news.counts)
            for start in stride(from: 0, to: published.count, by: Bounds.readers) {
                await withTaskGroup(of: Void.self) { group in
                    for (key, count) in published[start..<min(start + Bounds.readers, published.count)] {
                        group.addTask { await self.deliver(key, count) }
                    }
                }
            }
        }
    }

    func deliver(_ key: TopicKey, _ count: Int) async {
        guard let kind = declared.first(where: { $0.pattern.match(key.name) != nil }) else { return }
        let mark = sent.withLock { $0[key] }
        do throws(StorageError) {
            // What this node sent last tells where to go on; without it the newest ones are what was published.
            let snapshot = try await store.read(
                key, kind.history, after: mark?.offset, newest: mark == nil ? count : TopicStore.Bounds.messages)
            guard let head = snapshot.head else { return }
            let isOtherLife = mark.map { $0.epoch != head.epoch } ?? false
            if isOtherLife || snapshot.messages.isEmpty {
                say([.message(key, head, json: nil)])
                feeds.withLock { $0[key] }?.heard(head, nil)
            }
            for message in snapshot.messages where !isOtherLife {
                let position = TopicPosition(epoch: head.epoch, offset: message.offset)
                feeds.withLock { $0[key] }?.heard(position, message.frame)
                say([.message(key, position, json: message.frame.json)])
            }
            delivered.add(snapshot.messages.count, ordering: .relaxed)
            sent.withLock { $0[key] = head }
            // Twice as many as the history holds are kept at most, so that not each message removes one.
            let surplus = Int64(kind.history.count)
            if head.offset > surplus, head.offset / surplus != (mark?.offset ?? head.offset - 1) / surplus {
                try await store.trim(key, upTo: head.offset - surplus)
            }
        } catch {
            events.record(.topicReadFailed, ["code": .text(error.code.rawValue)])
            // What was not read now is found by the next look.
        }
    }
}
