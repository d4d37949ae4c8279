import Base
import BaseTestKit
import InboxVendors
import Retrieval
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

/// A node that dies before or after each thing that it makes durable on a message's way, from the vendor's delivery to the
/// answers that leave; another node goes on with what it has left, and the vendor and the client with what they do then.
@Suite(.databases) struct DeathTests {
    @Test(arguments: Backend.all, [ChannelKind.messenger, .telegram])
    func
        `a node that dies at any step of intake, answer and sending leaves each message once and each answer once at most`(
            backend: Backend, kind: ChannelKind
        ) async throws
    {
        try await Stage.with(backend, provider: PlayedModel()) { stage in
            let channel = try await open(kind, on: stage)
            for moment in MortalDriver.Moment.allCases {
                var deaths = 0
                while true {
                    let walk = Walk(user: "\(moment)-\(deaths)", channel: channel)
                    let (node, driver) = try stage.mortal(dies: moment, durable: deaths)
                    do { try await walk.go(on: node) } catch  where driver.isDead {
                        // Another node finds what it has left.
                    }
                    try await walk.goOn(on: stage)
                    try await walk.check(on: stage)
                    guard driver.isDead else { break }
                    deaths += 1
                }
                // Receipt, thread, turn, charge, answer, twice taking and noting, the agent's answer: none was left out.
                #expect(deaths >= 9, "only \(deaths) moments")
            }
            try await stage.checkTruth()
        }
    }

    /// A channel whose bot knows when the shop is open.
    private func open(_ kind: ChannelKind, on stage: Stage) async throws -> Channel {
        var policy = BotPolicy()
        policy.threshold = 0.2
        _ = try await stage.office.answering.set(policy, by: stage.tom, in: stage.tenant)
        let text = "Opening hours. We open at nine and close at six from Monday to Friday."
        let document = try await stage.office.knowledge.add(
            Array(text.utf8), as: .text, titled: "Hours", by: stage.tom, in: stage.tenant)
        try await stage.office.knowledge.index(document.id, in: stage.tenant)
        return try await stage.channel(kind, isBotFirst: true)
    }
}

/// What happens with one customer.
private struct Walk {
    let user: String
    let channel: Channel

    private static let reply = "I am Tom, and I am here"

    /// As it goes when nobody dies.
    func go(on node: Stage) async throws {
        try await receive(on: node)
        let id = try await answer(on: node)
        try await node.office.sending.send(id, in: node.tenant)
        try await write(to: id, on: node)
        try await node.office.sending.send(id, in: node.tenant)
    }

    /// As it goes on afterwards: the vendor, who was not told that it arrived, delivers again, the queue hands its jobs out
    /// again, the client repeats what it was not answered, and the vendor's echoes come where it has any.
    func goOn(on node: Stage) async throws {
        try await receive(on: node)
        let id = try await answer(on: node)
        try await write(to: id, on: node)
        for _ in 0..<3 {
            try await echo(on: node)
            node.clock.advance(by: max(SendMachine.Bounds.asking, SendMachine.Bounds.echo) + .seconds(1))
            try await node.office.sending.send(id, in: node.tenant)
        }
    }

    private func receive(on node: Stage) async throws {
        let said = node.event(.message, "When do you open on Monday?", from: user, id: "m-\(user)")
        let body = PlayedVendor.body("d-\(user)", user, [said])
        try await node.office.hooks.receive(body, PlayedVendor.headers(body), at: channel.pathKey)
        try await node.ingest(user, of: channel)
    }

    private func answer(on node: Stage) async throws -> ID<Conversation> {
        let head = try #require(try await node.conversation(of: user, at: channel))
        node.clock.advance(by: BotPolicy.Bounds.pause + .seconds(1))
        try await node.office.bot.turn(head.id, in: node.tenant)
        return head.id
    }

    private func write(to id: ID<Conversation>, on node: Stage) async throws {
        _ = try await node.answer(Self.reply, to: id, of: channel, client: "c-\(user)", confirmed: true)
    }

    /// Echoes of everything that the vendor has taken for this customer.
    private func echo(on node: Stage) async throws {
        guard channel.kind.hasEchoes else { return }
        for (number, sent) in node.vendor.sent.enumerated() where sent.recipient == user {
            guard case .text(let text) = sent.content else { continue }
            var event = node.event(.echo, text, from: user, id: "out-\(number + 1)")
            event.reference = sent.reference
            let body = PlayedVendor.body("e-\(number)", user, [event])
            try await node.office.hooks.receive(body, PlayedVendor.headers(body), at: channel.pathKey)
        }
        try await node.ingest(user, of: channel)
    }

    func check(on stage: Stage) async throws {
        let head = try #require(try await stage.conversation(of: user, at: channel))
        let thread = try await stage.thread(head.id)
        #expect(thread.filter { $0.role == .customer }.map(\.externalID) == ["m-\(user)"], "\(user)")
        #expect(thread.count { $0.role == .bot } == 1, "\(user): \(thread.map(\.body))")
        #expect(thread.filter { $0.role == .agent }.map(\.body) == [Self.reply], "\(user)")
        for message in thread where message.role == .bot || message.role == .agent {
            let taken = stage.vendor.sent.count { $0.recipient == user && $0.content == .text(message.body) }
            switch message.delivery {
            case .sent: #expect(taken == 1, "\(user): \(message.body) was taken \(taken) times")
            case .failed:
                // Without echoes nobody can know, and nobody sends it again but its author.
                #expect(!channel.kind.hasEchoes && message.failure == "outcomeUnknown", "\(user): \(message)")
                #expect(taken <= 1, "\(user): \(message.body) was taken \(taken) times")
            default: Issue.record("\(user): \(message.body) is still \(message.delivery)")
            }
        }
        #expect(stage.vendor.sent.count { $0.recipient == user } <= 2, "\(user)")
    }
}
