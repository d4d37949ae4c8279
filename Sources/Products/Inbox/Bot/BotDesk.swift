import AIProviders
import Base
import Caching
import Limits
import Retrieval
import Storage

/// What the bot is told and knows: policies, budgets, and answers for a try.
final class BotDesk: Sendable {
    /// The collection of a company's documents.
    static let collection = "inbox.knowledge"

    /// What cached values carry.
    enum Tag {
        static let policy = "inbox.policy"
    }

    let store: BotStore
    let prepared: PreparedStore
    private let storage: Storage
    private let models: AIModels
    private let retrieval: Retrieval
    private let days: CreditLedger
    private let months: CreditLedger
    private let clock: any WallClock
    private let randomness: any Randomness
    private let policies: Cache<String, NumberedPolicy>

    init(
        storage: Storage, caches: CacheRegistry, limits: LimitRegistry, models: AIModels, retrieval: Retrieval,
        clock: any WallClock, randomness: any Randomness
    ) {
        self.storage = storage
        self.models = models
        self.retrieval = retrieval
        self.clock = clock
        self.randomness = randomness
        store = BotStore(storage: storage)
        prepared = PreparedStore(storage: storage)
        days = CreditLedger("inbox.botTokensPerDay", per: .day, storage: storage, clock: clock, in: limits)
        months = CreditLedger("inbox.botTokensPerMonth", per: .month, storage: storage, clock: clock, in: limits)
        policies = Cache(
            "inbox.policies", CacheOptions(ttl: .seconds(600), capacity: 20_000, tags: { _ in [Tag.policy] }),
            in: caches)
    }

    /// Whether a stand-in answers, which pages must say.
    var isStandIn: Bool { models.isStandIn }

    // MARK: Policies

    /// The policy that holds, and its number.
    func policy(in tenant: Tenant) async throws -> NumberedPolicy {
        try await policies.value(for: "policy", in: tenant) { [store] in
            try await shared { try await store.policy(in: tenant) } ?? NumberedPolicy(number: 0, policy: BotPolicy())
        }
    }

    /// Sets the policy, as a new number.
    ///
    /// - Throws: `inbox.policyInvalid` naming the rule that is broken.
    func set(_ policy: BotPolicy, by person: ID<Person>, in tenant: Tenant) async throws -> NumberedPolicy {
        if let fault = policy.fault {
            throw InboxError(
                .policyInvalid, "The policy breaks the rule for its \(fault).", context: ["field": fault])
        }
        let now = clock.now()
        let written = try await storage.write(for: tenant) { transaction in
            let written = try await store.write(policy, by: person, at: now, through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: Tag.policy))
            try InboxJobs.prepare(after: PreparedDesk.Bounds.pause, in: transaction)
            return written
        }
        guard let written else { throw InboxError.missing("policy") }
        return written
    }

    private func budgets(_ policy: BotPolicy, _ tenant: Tenant) -> [AIBudget] {
        let key = LimitKey(tenant)
        return [
            AIBudget(days, of: key, limit: policy.tokensPerDay, in: .tokens),
            AIBudget(months, of: key, limit: policy.tokensPerMonth, in: .tokens),
        ]
    }

    // MARK: Answers

    /// What an answer was made of.
    struct Answer: Sendable {
        var act: BotMachine.Act
        var passages: [Passage] = []
        /// The best likeness of a passage to the question.
        var score: Double?
        var tokens = 0
        var micros = 0
        var firstTextMillis: Int?
        /// Where an answer was found that was prepared before.
        var preparedSources: [AnswerSource]?

        /// A passage as pages show it to those who try the bot.
        struct Found: Sendable, Hashable {
            let title: String
            let heading: String
            let text: String
            /// `nil` for one that was found by its words alone.
            let similarity: Double?
        }

        /// The passages, the most alike first.
        var found: [Found] {
            passages.map {
                Found(title: $0.title, heading: $0.heading, text: $0.text, similarity: $0.similarity.map(Double.init))
            }
        }

        /// Where it was found, each place once.
        var sources: [AnswerSource] {
            if let preparedSources { return preparedSources }
            guard case .say = act else { return [] }
            return BotDesk.sources(passages)
        }
    }

    /// Answers the last thing that a customer has said out of the company's documents, or hands over.
    ///
    /// - Parameters:
    ///   - said: the conversation as far as the model is given it, the newest last.
    ///   - policy: what holds.
    ///   - tenant: whose.
    /// - Returns: what is to be said, or why people get the word.
    /// - Throws: errors of models and of retrieval; a budget that is spent hands over.
    func answer(_ said: [Message], _ policy: BotPolicy, in tenant: Tenant) async throws -> Answer {
        let question = Self.question(of: said)
        guard !question.isEmpty else { return Answer(act: .handOver(.unsure)) }
        let budgets = budgets(policy, tenant)
        do {
            let passages = try await retrieval.search(
                question, in: Self.collection, for: tenant, limit: policy.passages, atLeast: Float(policy.threshold),
                under: budgets)
            var answer = Answer(act: .handOver(.unsure), passages: passages)
            answer.score = passages.compactMap(\.similarity).max().map(Double.init)
            guard !passages.isEmpty else { return answer }
            let start = clock.uptime()
            var text = ""
            let outcome = try await models.chat(
                BotPrompts.request(said, passages, policy), as: ID(at: clock.now(), using: randomness), for: tenant,
                under: budgets
            ) { part in
                if text.isEmpty { answer.firstTextMillis = Int((clock.uptime() - start).milliseconds) }
                text += part
            }
            answer.tokens = outcome.usage.total
            answer.micros = outcome.money
            guard outcome.end.reason == .complete || outcome.end.reason == .length else {
                answer.act = .handOver(.refused)
                return answer
            }
            let cited = BotPrompts.cited(text, among: passages)
            answer.act = BotMachine.act(cited.text.firstScalars(Message.Bounds.bodyCharacters))
            if !cited.passages.isEmpty { answer.passages = cited.passages }
            return answer
        } catch let error as AIError where error.code == .budgetSpent {
            return Answer(act: .handOver(.budget))
        }
    }

    /// Answers a first question by what was prepared for it, in the customer's language or in the question's own, else as
    /// ``answer(_:_:in:)`` does.
    func answer(
        _ said: [Message], _ numbered: NumberedPolicy, locale: String, in tenant: Tenant
    ) async throws -> Answer {
        if let known = try await preparedAnswer(to: said, numbered, locale: locale, in: tenant) { return known }
        return try await answer(said, numbered.policy, in: tenant)
    }

    /// What was prepared for a first question; `nil` when nothing was.
    ///
    /// What follows in a conversation depends on what was said before, and is never prepared.
    func preparedAnswer(
        to said: [Message], _ numbered: NumberedPolicy, locale: String, in tenant: Tenant
    ) async throws -> Answer? {
        guard said.count == 1, let question = said.first.flatMap({ Question($0.body) }) else { return nil }
        let start = clock.uptime()
        for locale in locale.isEmpty ? [""] : [locale, ""] {
            let known = try await prepared.answer(
                to: question, locale: locale, policy: numbered.number, in: tenant)
            guard let known else { continue }
            var answer = Answer(act: .say(known.text))
            answer.preparedSources = known.sources
            answer.score = known.score
            answer.firstTextMillis = Int((clock.uptime() - start).milliseconds)
            return answer
        }
        return nil
    }

    /// Answers a question that nobody in particular has asked.
    func answer(toAnyone question: String, _ policy: BotPolicy, in tenant: Tenant) async throws -> Answer {
        try await answer([asked(question)], policy, in: tenant)
    }

    /// What the bot would say to a question of somebody who tries it.
    func tried(_ question: String, in tenant: Tenant) async throws -> Answer {
        try await answer([asked(question)], try await policy(in: tenant).policy, in: tenant)
    }

    private func asked(_ question: String) -> Message {
        let now = clock.now()
        return Message(
            id: ID(at: now, using: randomness), conversationID: ID(high: 0, low: 0), sequence: 1,
            channelID: ID(high: 0, low: 0), role: .customer, body: question.storable, delivery: .received, sentAt: now,
            createdAt: now)
    }

    /// What the customer has said since the last answer.
    private static func question(of said: [Message]) -> String {
        let asked = said.reversed().prefix { $0.role == .customer }.reversed().map(\.body)
        var text = asked.joined(separator: "\n").trimmed
        while text.utf8.count > Retrieval.Bounds.questionBytes { text.removeFirst() }
        return text
    }

    static func sources(_ passages: [Passage]) -> [AnswerSource] {
        var seen: Set<String> = []
        return passages.compactMap { passage in
            guard seen.insert("\(passage.title)\u{0}\(passage.heading)").inserted else { return nil }
            return AnswerSource(passage: passage.id.description, title: passage.title, heading: passage.heading)
        }
    }
}
