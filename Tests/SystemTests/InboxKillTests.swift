import AIProvidersTestKit
import Base
import Foundation
import InboxTestKit
import InboxVendors
import Outbound
import OutboundTestKit
import Synchronization
import Testing

/// Servers that are killed at every step of a message's way, while two companies' bots are written to with equal numbers.
///
/// The vendors are played by this process: what they have delivered, been asked and taken is the truth that all threads
/// are held to.
@Suite(.serialized) struct InboxKillTests {
    @Test(arguments: Engine.all)
    func `whatever is killed, threads are the vendor's: each message kept once, each answer sent once at most`(
        engine: Engine
    ) async throws {
        try await ScriptedVendor.run(clock: SystemClock()) { vendor in
            let tongue = Tongue()
            try await ScriptedModel.run { number in
                tongue.script(number)
            } body: { model in
                try await onThread { try InboxDeaths(engine, vendor, model, tongue).run() }
            }
        }
    }
}

/// What the model says, which can be stopped in its middle.
final class Tongue: Sendable {
    private struct State {
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func script(_ number: Int) -> ModelScript {
        ModelScript(["Yes, ", "within thirty days (\(number))."]) { delta in
            if delta == 1 { await self.pass() }
        }
    }

    func hold() { state.withLock { $0.isHeld = true } }

    func release() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isHeld = false
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private func pass() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.isHeld { state.waiting.append(continuation) }
                return !state.isHeld
            }
            if isFree { continuation.resume() }
        }
    }
}

/// One walk through all kinds of deaths.
private final class InboxDeaths {
    private enum Bounds {
        static let rounds = 6
        /// Customers of each bot that write for the first time in a round; those of the round before write again.
        static let customers = 3
        /// What each of them says in a round.
        static let messages = 3
        static let settling = Duration.seconds(300)
    }

    /// A line of a thread that we have said.
    private struct Said {
        var externalID: String
        var body: String
        var delivery: String
        var failure: String
        var chat: String
        var clientID: String
    }

    private let engine: Engine
    private let sites: [Site]
    private let vendor: ScriptedVendor
    private let model: ScriptedModel
    private let tongue: Tongue
    private let companies = [
        BotCompany("north", host: "127.0.0.1", email: "director@example.com", account: "7001"),
        BotCompany("south", host: "lumen-bikes.localhost", email: "ines@lumenbikes.example", account: "7002"),
    ]
    /// Agents' answers by company, each of which must come to be there once.
    private var replies: [String: [String]] = [:]

    init(_ engine: Engine, _ vendor: ScriptedVendor, _ model: ScriptedModel, _ tongue: Tongue) throws {
        let count = engine == .postgres ? 2 : 1
        var sites: [Site] = []
        for number in 0..<count {
            let environment = [
                "CAPSTAN_NODE_COUNT": "\(count)", "CAPSTAN_NODE_NAME": "node-\(number)",
                "CAPSTAN_NODE_LANE": "\(number)", "CAPSTAN_OUTBOUND_ALLOW": "127.0.0.1",
                "CAPSTAN_INBOX_TELEGRAM_ADDRESS": vendor.telegramOrigin, "CAPSTAN_AI_CHAT": "compatible:scripted",
                "CAPSTAN_AI_COMPATIBLE_ADDRESS": "\(model.base)",
            ]
            sites.append(try Site(engine, database: sites.first?.database, environment: environment))
        }
        self.engine = engine
        self.sites = sites
        self.vendor = vendor
        self.model = model
        self.tongue = tongue
    }

    /// A company's channel, as each engine writes an id.
    private func channel(_ company: BotCompany) -> String {
        engine == .sqlite ? "X'\(company.channel.replacing("-", with: ""))'" : "'\(company.channel)'"
    }

    private var channels: String { companies.map(channel).joined(separator: ", ") }

    private var database: any TestDatabase { sites[0].database }
    private var servers: [Capstan] { sites.map(\.server) }

    func run() throws {
        for server in servers { try server.start() }
        for company in companies {
            vendor.open(.init(.telegram, id: company.account, token: company.token))
            try company.connect(at: servers[0])
        }
        try eventually("documents of both companies to be read", for: .seconds(120)) {
            try database.number(
                """
                SELECT count(DISTINCT d.tenant_id) FROM inbox_documents d JOIN inbox_channels c
                    ON c.tenant_id = d.tenant_id WHERE d.state = 'ready' AND c.id IN (\(channels))
                """) == companies.count
        }
        for round in 0..<Bounds.rounds {
            try play(round)
            for server in servers where !server.isRunning { try server.start() }
        }
        try settle()
        try compare()
        for server in servers { #expect(try server.terminate() == 0) }
    }

    // MARK: Rounds

    private func play(_ round: Int) throws {
        for company in companies {
            for customer in 0..<Bounds.customers {
                vendor.meet(.init("\(chat(round, customer))", lastWroteAt: SystemClock().now()), at: company.account)
            }
            company.say(talk(of: company, in: round))
        }
        let (asked, taken) = (model.ledger.requests, vendor.taken.count)
        let goal = companies.map { $0.delivered }.reduce(0, +) + 2 + round * 2
        if round % 3 == 1 { tongue.hold() }
        if round % 3 == 2 { vendor.plan([.silence]) }
        let isOver = Atomic(false)
        defer { isOver.store(true, ordering: .relaxed) }
        let ports = servers.map(\.port)
        let post = Threads(companies.count * 2) { [companies] index in
            var turn = index
            while !isOver.load(ordering: .relaxed) {
                turn += 1
                if !companies[index % companies.count].deliver(to: ports[turn % ports.count]) { rest(.milliseconds(5)) }
            }
        }
        switch round % 3 {
        case 0:
            // Within the intake: some deliveries are answered, others are under way.
            try eventually("deliveries to be answered") { companies.map { $0.delivered }.reduce(0, +) >= goal }
            try servers[round % servers.count].kill()
        case 1:
            // Within the answer: the model has begun to speak to whichever node asked.
            try eventually("the model to be asked", for: .seconds(120)) { model.ledger.requests > asked }
            for server in servers { try server.kill() }
            tongue.release()
        default:
            // Within the sending: the vendor has taken an answer that nobody is told of.
            try answer(round)
            try eventually("the vendor to take an answer", for: .seconds(120)) { vendor.taken.count > taken }
            for server in servers { try server.kill() }
        }
        isOver.store(true, ordering: .relaxed)
        try post.join()
    }

    private func chat(_ round: Int, _ customer: Int) -> Int { 900_000 + round * 100 + customer }

    /// What is said in a round: of both bots the same numbers in the same chats, and never the same words.
    private func talk(of company: BotCompany, in round: Int) -> [BotCompany.Update] {
        var updates: [BotCompany.Update] = []
        for customer in 0..<Bounds.customers {
            for chat in [chat(round, customer)] + (round > 0 ? [chat(round - 1, customer)] : []) {
                for message in 0..<Bounds.messages {
                    let number = (round + 1) * 1_000 + (chat % 100) * 100 + (chat / 100 % 10) * 10 + message
                    updates.append(
                        .init(
                            number: number, chat: chat,
                            text: "Can I send the helmet back? It is too small. \(company.name) \(number)"))
                }
            }
        }
        return updates
    }

    /// An agent of each company answers a customer of the round before, and says it again until it is taken.
    private func answer(_ round: Int) throws {
        for company in companies {
            let first = company.written.first { $0.chat == chat(round - 1, 0) }
            var conversation: String?
            try eventually("a conversation to be there", for: .seconds(120)) {
                conversation = try self.conversation(of: first?.externalID ?? "", at: company)
                return conversation != nil
            }
            let client = "\(company.name)-\(round)"
            let text = "An agent of \(company.name) says \(round)"
            replies[company.name, default: []].append(text)
            try eventually("the answer of \(company.name) to be taken") {
                // One that was killed meanwhile has not answered.
                let answer = try? company.reply(text, in: conversation ?? "", as: client, at: servers[0])
                guard let answer, answer.status != 201 else { return answer != nil }
                guard answer.status >= 500 else { throw Broken(.failed, "\(answer)") }
                return false
            }
        }
    }

    /// The conversation in which a message has arrived; `nil` while it is on its way.
    private func conversation(of externalID: String, at company: BotCompany) throws -> String? {
        let digits = engine == .sqlite ? "hex(conversation_id)" : "replace(conversation_id::text, '-', '')"
        let found = try database.rows(
            """
            SELECT \(digits) FROM inbox_messages WHERE channel_id = \(channel(company))
                AND external_id = '\(externalID)'
            """
        ).first?.first
        guard let found, let high = UInt64(found.prefix(16), radix: 16), let low = UInt64(found.suffix(16), radix: 16)
        else { return nil }
        return ID<BotCompany>(high: high, low: low).description
    }

    // MARK: The end

    /// Delivers the rest and waits until nothing is on its way any more, and the bot has answered wherever it has the word.
    private func settle() throws {
        for company in companies {
            try eventually("the rest to be delivered", for: .seconds(60)) {
                while company.deliver(to: servers[0].port) {}
                return company.undelivered == 0
            }
        }
        try eventually("nothing to be on its way", for: Bounds.settling, every: .milliseconds(500)) {
            try database.number(
                """
                SELECT (SELECT count(*) FROM inbox_receipts WHERE channel_id IN (\(channels)) AND state = 'waiting')
                    + (SELECT count(*) FROM inbox_messages WHERE channel_id IN (\(channels))
                        AND delivery IN ('queued', 'sending', 'unknown'))
                    + (SELECT count(*) FROM inbox_conversations c WHERE c.channel_id IN (\(channels))
                        AND c.bot = 'active' AND EXISTS (SELECT 1 FROM inbox_messages m WHERE m.tenant_id = c.tenant_id
                            AND m.conversation_id = c.id AND m.role = 'customer' AND m.sequence > c.reply_sequence))
                """) == 0
        }
    }

    private func compare() throws {
        for company in companies {
            try compareIntake(company)
            try compareAnswers(company)
        }
        let gaps = try database.number(
            """
            SELECT count(*) FROM inbox_conversations c WHERE c.channel_id IN (\(channels))
                AND c.last_sequence <> (SELECT count(*) FROM inbox_messages m
                    WHERE m.tenant_id = c.tenant_id AND m.conversation_id = c.id)
            """)
        #expect(gaps == 0, "\(gaps) threads have numbers with gaps")
        let tenants = try database.number(
            "SELECT count(DISTINCT tenant_id) FROM inbox_messages WHERE channel_id IN (\(channels))")
        #expect(tenants == companies.count)
        #expect(vendor.taken.count >= Bounds.rounds, "hardly anything was sent: \(vendor.taken.count)")
        #expect(model.ledger.requests >= Bounds.rounds, "the model was hardly asked: \(model.ledger.requests)")
    }

    /// Each message that the vendor has delivered is in its company's thread once, with its own words.
    private func compareIntake(_ company: BotCompany) throws {
        let stored = try database.rows(
            """
            SELECT external_id, body FROM inbox_messages WHERE channel_id = \(channel(company)) AND role = 'customer'
            """
        ).map { $0.joined(separator: " ") }.sorted()
        let said = company.written.map { "\($0.externalID) \($0.text)" }.sorted()
        #expect(stored == said, "\(company.name): \(Set(said).symmetricDifference(stored).sorted().prefix(5))")
        let others = try database.number(
            """
            SELECT count(*) FROM inbox_messages WHERE channel_id = \(channel(company)) AND role = 'customer'
                AND body NOT LIKE '%\(company.name)%'
            """)
        #expect(others == 0)
        let dead = try database.number(
            "SELECT count(*) FROM inbox_receipts WHERE channel_id = \(channel(company)) AND state = 'dead'")
        #expect(dead == 0)
    }

    /// Each answer that was decided upon has been taken by the vendor once at most, and nothing else has.
    private func compareAnswers(_ company: BotCompany) throws {
        let said = try database.rows(
            """
            SELECT coalesce(m.external_id, ''), m.body, m.delivery, coalesce(m.failure, ''), p.external_user_id,
                coalesce(m.client_id, '')
            FROM inbox_messages m
            JOIN inbox_conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
            JOIN inbox_contact_points p ON p.tenant_id = c.tenant_id AND p.id = c.contact_point_id
            WHERE m.channel_id = \(channel(company)) AND m.role IN ('agent', 'bot')
            """
        ).map {
            Said(externalID: $0[0], body: $0[1], delivery: $0[2], failure: $0[3], chat: $0[4], clientID: $0[5])
        }
        var taken = vendor.taken.filter { $0.account == company.account }
        let all = taken.count
        for line in said where ["sent", "delivered", "read"].contains(line.delivery) {
            let place = taken.firstIndex {
                $0.externalId == line.externalID && $0.text == line.body && $0.user == line.chat
            }
            #expect(place != nil, "\(company.name) believes to have sent \(line)")
            if let place { taken.remove(at: place) }
        }
        // What is left was taken by the vendor when the node that asked was killed: its author is told that nobody knows.
        for line in said where line.delivery == "failed" {
            #expect(line.failure == "outcomeUnknown", "\(line)")
            if let place = taken.firstIndex(where: { $0.text == line.body && $0.user == line.chat }) {
                taken.remove(at: place)
            }
        }
        #expect(taken.isEmpty, "\(company.name) has sent what no thread has, or twice: \(taken.map(\.text))")
        #expect(all > 0)
        for text in replies[company.name] ?? [] {
            #expect(said.count { $0.body == text } == 1, "\(text)")
            #expect(vendor.taken.count { $0.text == text } <= 1, "\(text)")
        }
    }
}

/// Threads that run beside the one that has started them.
private final class Threads: Sendable {
    private let group = DispatchGroup()

    init(_ count: Int, _ work: @escaping @Sendable (_ index: Int) -> Void) {
        for index in 0..<count {
            group.enter()
            let thread = Thread { [group] in
                work(index)
                group.leave()
            }
            thread.stackSize = 512 * 1_024
            thread.start()
        }
    }

    func join() throws {
        guard group.wait(timeout: .now() + 60) == .success else { throw Broken(.failed, "a thread does not end") }
    }
}
