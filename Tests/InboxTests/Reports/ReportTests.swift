import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite struct DurationsTests {
    @Test(arguments: 0..<20)
    func `a percentile of steps is within a tenth of the one that sorting finds`(seed: UInt64) {
        let chance = SeededRandomness(seed: seed)
        var durations = Durations()
        var all: [Int64] = []
        for _ in 0..<(1 + chance.below(2_000)) {
            let seconds = Int64(1 + chance.below(1 << (1 + chance.below(22))))
            all.append(seconds)
            durations.add(seconds: seconds)
        }
        all.sort()
        for part in [0.5, 0.9, 0.99] {
            let exact = Double(all[max(0, Int((Double(all.count) * part).rounded(.up)) - 1)])
            let found = Double(durations.percentile(part) ?? 0)
            #expect(abs(found - exact) <= max(1, exact * 0.1), "seed \(seed), part \(part): \(found) for \(exact)")
        }
        #expect(Durations().percentile(0.5) == nil && Durations.step(of: 0) == 0)
    }
}

@Suite(.databases) struct ReportTests {
    @Test(arguments: Backend.all)
    func `reports are what a recount of the threads says, by person, channel, hour and day`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channels = [try await stage.channel(), try await stage.channel(.telegram, account: "bot")]
            let chance = SeededRandomness(seed: 9)
            for number in 0..<20 {
                let channel = channels[number % 2]
                let id = try #require(
                    try await stage.deliver(
                        [stage.event(.message, "Hi", from: "user\(number)", id: "m\(number)")], to: channel))
                stage.clock.advance(by: .seconds(Int64(60 + chance.below(600))))
                let person = number % 3 == 0 ? stage.tom : stage.priya
                _ = try await stage.answer("Hello", to: id, of: channel, by: person)
                if number % 2 == 0 {
                    _ = try await stage.office.conversations.close(id, by: person, in: stage.tenant)
                }
                stage.clock.advance(by: .seconds(Int64(chance.below(20_000))))
            }
            try await stage.office.counts.fold()
            var (replies, hours): ([ID<Person>: Int64], [Int64: Int64]) = ([:], [:])
            for head in try await stage.conversations() {
                for message in try await stage.thread(head.id) {
                    if message.role == .agent, let person = message.personID { replies[person, default: 0] += 1 }
                    if message.role == .customer {
                        hours[(message.createdAt.seconds / 3_600 + 72) % 168, default: 0] += 1
                    }
                }
            }
            let desk = stage.office.reports
            let agents = try await desk.report(.agents, days: 30, in: stage.tenant)
            #expect(Set(agents.rows.map { $0[1] }) == Set(replies.values.map(Report.Cell.number)))
            let byChannel = try await desk.report(.channels, days: 30, in: stage.tenant)
            #expect(byChannel.rows.map { $0[4] } == [.number(10), .number(10)])
            let week = try await desk.week(days: 30, in: stage.tenant)
            for (hour, count) in hours { #expect(week[Int(hour)].inbound == count) }
            #expect(week.map(\.inbound).reduce(0, +) == 20)
            let levels = try await desk.report(.serviceLevels, days: 30, in: stage.tenant)
            #expect(levels.rows.count == Set(levels.rows.map { $0[0] }).count && !levels.rows.isEmpty)
            // Another company has nothing of it.
            for kind in Report.Kind.allCases {
                #expect(try await desk.report(kind, days: 365, in: stage.other).rows.isEmpty)
            }
        }
    }

    @Test(arguments: Backend.all)
    func `a day is sealed once it is over, and what was lost of it is written anew from its hours`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            for number in 0..<3 {
                let id = try #require(
                    try await stage.deliver(
                        [stage.event(.message, "Hi", from: "user\(number)", id: "m\(number)")], to: channel))
                stage.clock.advance(by: .seconds(60))
                _ = try await stage.answer("Hello", to: id, of: channel)
                try await stage.office.counts.fold()
                stage.clock.advance(by: .seconds(86_400))
            }
            let store = stage.office.counts.store
            #expect(try await stage.office.seals.seal(in: stage.tenant) == 0)
            let last = try #require(try await store.lastSeal(in: stage.tenant))
            #expect(last < stage.clock.now().seconds / 86_400)
            let before = try await store.days(from: 0, in: stage.tenant).map(\.count)
            // A day is damaged, and the seal taken off: the next run finds and mends it.
            _ = try await stage.storage.writer(for: stage.tenant).execute(
                "test.damage", "UPDATE inbox_day_counts SET inbound = inbound + 5 WHERE tenant_id = \(stage.tenant)")
            _ = try await stage.storage.writer(for: stage.tenant).execute(
                "test.unseal", "UPDATE inbox_seals SET day = day - 10 WHERE tenant_id = \(stage.tenant)")
            #expect(try await stage.office.seals.seal(in: stage.tenant) > 0)
            #expect(try await stage.office.seals.seal(in: stage.tenant) == 0)
            let after = try await store.days(from: 0, in: stage.tenant)
            let today = stage.clock.now().seconds / 86_400
            for (line, former) in zip(after, before) where line.number <= last && line.number < today {
                #expect(line.count == former)
            }
        }
    }
}
