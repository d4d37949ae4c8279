import Base
import InboxVendors
import Jobs
import Retrieval
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct WorkerTests {
    @Test(arguments: Backend.all)
    func `what was answered with 200 is in its thread, whichever workers die`(backend: Backend) async throws {
        try await Stage.with(backend, isLive: true) { stage in
            let channel = try await stage.channel()
            let users = ["anna", "ben", "carla"]
            for round in 0..<4 {
                try await stage.working("round-\(round)") {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for number in 0..<12 {
                            let user = users[number % 3]
                            group.addTask {
                                let event = stage.event(
                                    .message, "\(round) \(number)", from: user, id: "\(round)-\(number)")
                                let body = PlayedVendor.body("d\(round)-\(number)", user, [event])
                                try await stage.office.hooks.receive(
                                    body, PlayedVendor.headers(body), at: channel.pathKey)
                            }
                        }
                        try await group.waitForAll()
                    }
                    // The worker ends here, in the middle of whatever it does.
                }
            }
            try await stage.working("last") {
                try await stage.eventually("all messages are there") {
                    try await stage.conversations().reduce(0) { $0 + $1.customerTotal } == 48
                }
                // What has happened is counted within seconds, each once.
                try await stage.eventually("all is counted") {
                    try await stage.office.counts.store.lines(from: 0, range: 0, in: stage.tenant).first {
                        $0.part == "all"
                    }?
                    .count.inbound == 48
                }
            }
            try await stage.checkTruth()
            #expect(try await stage.conversations().count == 3)
        }
    }

    @Test(arguments: Backend.all)
    func `a conversation goes from hook to bot to agent to vendor by its jobs`(backend: Backend) async throws {
        try await Stage.with(backend, provider: PlayedModel(), isLive: true) { stage in
            let channel = try await stage.channel(isBotFirst: true)
            var policy = BotPolicy()
            policy.threshold = 0.2
            _ = try await stage.office.answering.set(policy, by: stage.tom, in: stage.tenant)
            try await stage.working {
                _ = try await stage.office.knowledge.add(
                    Array("We open at nine.".utf8), as: .text, titled: "Hours", by: stage.tom, in: stage.tenant)
                try await stage.eventually("the document is ready") {
                    try await stage.office.knowledge.store.page(after: nil, limit: 1, in: stage.tenant).items.first?
                        .state == .ready
                }
                let body = PlayedVendor.body(
                    "d1", "anna", [stage.event(.message, "When do you open?", id: "m1")])
                try await stage.office.hooks.receive(body, PlayedVendor.headers(body), at: channel.pathKey)
                try await stage.eventually("the bot's answer is sent") { stage.vendor.sent.count == 1 }
                let id = try #require(try await stage.conversation(of: "anna", at: channel)).id
                _ = try await stage.answer("I am here now", to: id, of: channel, undo: 1)
                try await stage.eventually("the agent's answer is sent") {
                    try await stage.thread(id).last?.delivery == .sent
                }
                #expect(stage.vendor.sent.map(\.author) == [.bot, .person])
            }
            try await stage.checkTruth()
        }
    }
}
