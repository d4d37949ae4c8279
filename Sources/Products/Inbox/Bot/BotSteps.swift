import AIProviders
import Base
import InboxVendors
import Jobs
import Retrieval
import Storage
import Telemetry

/// The bot's turns: fenced by the epoch, at most one for what a customer has said.
struct BotSteps: Sendable {
    let storage: Storage
    let desk: BotDesk
    let channels: ChannelDesk
    let topics: InboxTopics
    let clock: any WallClock
    let randomness: any Randomness
    let events: EventLog

    private var store: BotStore { desk.store }
    private var conversations: ConversationStore { ConversationStore(storage: storage) }
    private var messages: MessageStore { MessageStore(storage: storage) }

    /// Has the bot's turn in a conversation, if it is its turn.
    func turn(_ id: ID<Conversation>, in tenant: Tenant) async throws {
        let found = try await conversations.conversation(id, through: storage.reader(for: tenant), in: tenant)
        guard let head = found, head.bot == .active else { return }
        let said = try await store.said(in: id, limit: BotPolicy.Bounds.history, of: tenant)
        let waiting = said.filter { $0.role == .customer && $0.sequence > head.replySequence }
        let now = clock.now()
        let recent = said.count { $0.role == .bot && $0.createdAt > now - .seconds(60) }
        let numbered = try await desk.policy(in: tenant)
        let machine = BotMachine(policy: numbered.policy, now: now)
        let opening = machine.opening(head, waiting: waiting, recent: recent)
        switch opening {
        case .nothing: return
        case .wait(let time):
            // Who waits sees at once that something comes; what was prepared comes at once itself.
            let next = machine.opening(head, waiting: waiting, recent: recent, isPrepared: true)
            let locale = next == .ask ? try await showTyping(head, numbered.policy, in: tenant) : nil
            if let locale,
                let known = try await desk.preparedAnswer(to: said, numbered, locale: locale, in: tenant),
                let turn = try await begin(after: waiting, numbered, head, in: tenant)
            {
                try await finish(turn, known, numbered.policy, saying: nil, in: tenant)
                return await countQuestion(said, in: tenant)
            }
            return try await storage.write(for: tenant) { transaction in
                try InboxJobs.botTurn(id, after: max(.milliseconds(10), time - now), in: transaction)
            }
        case .handOver, .sayClosed, .ask: break
        }
        guard let turn = try await begin(after: waiting, numbered, head, in: tenant) else { return }
        try await have(turn, opening, said, numbered, head, in: tenant)
    }

    /// Begins the turn after what waits; `nil` when it was had already.
    private func begin(
        after waiting: [Message], _ numbered: NumberedPolicy, _ head: Conversation, in tenant: Tenant
    ) async throws -> BotTurn? {
        guard let last = waiting.last else { return nil }
        let now = clock.now()
        return try await store.begin(
            BotTurn(
                id: ID(at: now, using: randomness), conversationID: head.id, afterSequence: last.sequence,
                epoch: head.botEpoch, policy: numbered.number, createdAt: now), through: storage.writer(for: tenant),
            in: tenant)
    }

    private func have(
        _ turn: BotTurn, _ opening: BotMachine.Opening, _ said: [Message], _ numbered: NumberedPolicy,
        _ head: Conversation, in tenant: Tenant
    ) async throws {
        let policy = numbered.policy
        switch opening {
        case .nothing, .wait: return
        case .handOver(let reason):
            try await finish(turn, BotDesk.Answer(act: .handOver(reason)), policy, saying: nil, in: tenant)
        case .sayClosed(let time):
            let text = policy.closed.replacing("{time}", with: time?.description ?? "soon")
            try await finish(turn, BotDesk.Answer(act: .handOver(.unsure)), policy, saying: text, in: tenant)
        case .ask:
            let locale = try await showTyping(head, policy, in: tenant)
            do {
                let answer = try await desk.answer(said, numbered, locale: locale, in: tenant)
                let text = answer.act == .handOver(.unsure) || answer.act == .handOver(.asked) ? policy.unsure : nil
                try await finish(turn, answer, policy, saying: text, in: tenant)
                await countQuestion(said, in: tenant)
            } catch let error as AIError where error.code != .cancelled {
                try await fail(turn, error.code.rawValue, policy, in: tenant)
            }
        }
    }

    /// Shows the customer that something is being written for them, and returns the language that they are known by.
    private func showTyping(_ head: Conversation, _ policy: BotPolicy, in tenant: Tenant) async throws -> String {
        let isSaid = policy.mode != .suggests
        if isSaid { topics.tellTyping(to: head.pointID, in: tenant) }
        let open = try await channels.channel(head.channelID, in: tenant)
        let addressee = try await ContactStore(storage: storage).addressee(
            of: head.pointID, through: storage.reader(for: tenant), in: tenant)
        guard let addressee else { return "" }
        if isSaid { await open.adapter.show(.typing, to: addressee.user, over: open.line) }
        return addressee.locale?.lowercased() ?? ""
    }

    private func countQuestion(_ said: [Message], in tenant: Tenant) async {
        guard let last = said.last, let question = Question(last.body) else { return }
        do {
            try await store.count(question, at: clock.now(), in: tenant)
        } catch {
            // How often something is asked is a statistic: an answer does not fail for it.
            events.record(.botTurned, ["outcome": "questionNotCounted"])
        }
    }

    // MARK: Ends

    /// Says, suggests or hands over, unless somebody else has taken the word meanwhile.
    private func finish(
        _ turn: BotTurn, _ answer: BotDesk.Answer, _ policy: BotPolicy, saying text: String?, in tenant: Tenant
    ) async throws {
        let now = clock.now()
        let (outcome, head) = try await storage.write(for: tenant) { transaction in
            guard var head = try await conversations.locked(turn.conversationID, through: transaction, in: tenant)
            else { return (BotTurn.Outcome.dropped, Conversation?.none) }
            var end = BotStore.End(outcome: .dropped)
            end.passages = answer.passages.map(\.id.description)
            end.score = answer.score
            (end.tokens, end.micros, end.firstTextMillis) = (answer.tokens, answer.micros, answer.firstTextMillis)
            let newest = try await store.newestOfCustomer(in: head, through: transaction, of: tenant)
            if BotMachine.mayCommit(head, epoch: turn.epoch, after: turn.afterSequence, newest: newest) {
                switch answer.act {
                case .say(let said) where policy.mode == .suggests:
                    end.outcome = .suggested
                    let suggestion = Suggestion(
                        conversationID: head.id, afterSequence: turn.afterSequence, body: said,
                        sources: answer.sources, madeAt: now)
                    try await store.suggest(suggestion, through: transaction, in: tenant)
                case .say(let said):
                    end.outcome = .answered
                    head.botFailures = 0
                    head.botReplies += 1
                    try await say(said, nil, turn, &head, from: answer.sources, in: tenant, transaction)
                case .handOver(let reason):
                    end.outcome = .handedOff
                    end.reason = reason.rawValue
                    head.bot = .waiting
                    try await say(text, reason, turn, &head, in: tenant, transaction)
                }
            }
            try await store.end(turn, end, through: transaction, in: tenant)
            try transaction.tally(tallies(of: end, head, at: now))
            return (end.outcome, head)
        }
        events.record(.botTurned, ["outcome": .text(outcome.rawValue)])
        if let head, outcome != .dropped { topics.tell(head, in: tenant) }
    }

    /// Writes what the bot says, and that it hands over, and sends the former.
    private func say(
        _ text: String?, _ reason: BotMachine.Reason?, _ turn: BotTurn, _ head: inout Conversation,
        from sources: [AnswerSource] = [], in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws {
        let rules = try await channels.channel(head.channelID, in: tenant).adapter.rules
        let now = clock.now()
        func line(_ role: Message.Role, _ body: String, _ delivery: Message.Delivery) -> Message {
            Message(
                id: ID(at: now, using: randomness), conversationID: head.id, sequence: 0, channelID: head.channelID,
                role: role, body: body, epoch: turn.epoch, delivery: delivery, sendAfter: now, sentAt: now,
                createdAt: now)
        }
        // A bot says nothing that the vendor would not take: outside of the window, or too long.
        let isOpen =
            if case .open = rules.standing(lastCustomerAt: head.lastCustomerAt, at: now) { true } else { false }
        let pieces = isOpen ? text.flatMap { rules.text.pieces(of: $0, atMost: 4) } ?? [] : []
        var lines = pieces.map { line(.bot, $0, .queued) }
        // Sources stand below the last piece, where the answer ends.
        if !lines.isEmpty { lines[lines.count - 1].sources = sources }
        if reason != nil { lines.append(line(.event, ConversationDesk.Happening.handedOver.rawValue, .received)) }
        let written = try await messages.append(lines, to: head, through: transaction, in: tenant)
        for message in written { head.take(message, window: rules.window) }
        try await conversations.update(head, through: transaction, in: tenant)
        try topics.publish(written, head, in: transaction)
        if !pieces.isEmpty { try InboxJobs.send(head.id, after: nil, in: transaction) }
    }

    private func tallies(of end: BotStore.End, _ head: Conversation, at now: Timestamp) -> [Tally] {
        func tally(_ kind: Tally.Kind, _ amount: Int64 = 1) -> Tally {
            Tally(kind: kind, conversation: head.id, channel: head.channelID, amount: amount, at: now)
        }
        var tallies: [Tally] = end.tokens > 0 ? [tally(.tokens, Int64(end.tokens))] : []
        switch end.outcome {
        case .answered:
            tallies.append(tally(.botReply))
            if head.firstReplyAt == now {
                tallies.append(tally(.firstReply, max(0, (now - head.openedAt).components.seconds)))
            }
        case .handedOff: tallies.append(tally(.handOff))
        case .suggested, .dropped, .failed: break
        }
        return tallies
    }

    /// Counts that a model failed: the first time the turn is tried again, the second time people get the word.
    private func fail(
        _ turn: BotTurn, _ reason: String, _ policy: BotPolicy, in tenant: Tenant
    ) async throws {
        let failures = try await storage.write(for: tenant) { transaction -> Int in
            guard var head = try await conversations.locked(turn.conversationID, through: transaction, in: tenant),
                head.botEpoch == turn.epoch
            else { return 0 }
            head.botFailures += 1
            try await conversations.update(head, through: transaction, in: tenant)
            return head.botFailures
        }
        events.record(.botTurned, ["outcome": "failed"])
        guard failures >= BotPolicy.Bounds.failures else { throw JobFailure.retry(after: .seconds(2), reason) }
        try await finish(
            turn, BotDesk.Answer(act: .handOver(.failures)), policy, saying: policy.unsure, in: tenant)
    }
}
