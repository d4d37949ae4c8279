import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct CountTests {
    @Test(arguments: Backend.all)
    func `what has happened is counted once, by company, channel and person, and figures are what a recount says`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let telegram = try await stage.channel(.telegram, account: "bot")
            for number in 0..<6 {
                let of = number < 4 ? channel : telegram
                let id = try #require(
                    try await stage.deliver(
                        [stage.event(.message, "Hi", from: "user\(number)", id: "m\(number)")], to: of))
                stage.clock.advance(by: .seconds(60))
                if number % 2 == 0 { _ = try await stage.answer("Hello", to: id, of: of) }
                if number == 0 { _ = try await stage.office.conversations.close(id, by: stage.tom, in: stage.tenant) }
                if number % 3 == 0 { stage.clock.advance(by: .seconds(86_400)) }
                // What is counted meanwhile is not counted again.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<3 { group.addTask { try await stage.office.counts.fold() } }
                    try await group.waitForAll()
                }
            }
            #expect(try await !stage.office.counts.store.hasTallies())
            let board = try await stage.office.counts.dashboard(days: 30, in: stage.tenant)
            let threads = try await withThreads(stage)
            #expect(board.all.opened == 6 && board.active == 5)
            #expect(board.all.inbound == Int64(threads.count { $0.role == .customer }))
            #expect(board.all.agentReplies == Int64(threads.count { $0.role == .agent }))
            #expect(board.all.meanFirstReply == 60)
            #expect(board.all.resolutionSeconds == 60)
            #expect(board.providers == [.messenger: 6, .telegram: 3])
            #expect(board.series.map(\.count.opened) == [1, 3, 2])
            // The other company has nothing of it.
            #expect(try await stage.office.counts.dashboard(days: 30, in: stage.other).all == Count())
        }
    }

    private func withThreads(_ stage: Stage) async throws -> [Message] {
        var all: [Message] = []
        for head in try await stage.conversations() { all += try await stage.thread(head.id) }
        return all
    }
}
