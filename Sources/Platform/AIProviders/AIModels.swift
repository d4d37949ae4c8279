public import Base
public import Coordination
import Limits
public import Storage
public import Telemetry

/// Language models as products use them: budgets first, then the first of a chain of models that answers.
///
/// ```swift
/// let outcome = try await models.answer(request, as: turn.id, for: tenant, under: [tokens, money]) { text in … }
/// ```
///
/// What holds for each call: its budgets are reserved before it is made and settled by what the vendor says afterwards,
/// by what was counted when its stream broke, and freed when no text came. A failing model is followed by the next of the
/// chain, but never once text was handed on. What it costs is added to the cost record of the task.
public final class AIModels: Sendable {
    /// The bounds of what is used together.
    public enum Bounds {
        /// Models of a chain.
        public static let chain = 8
        /// Texts of one call of ``AIModels/embed(_:for:under:)``.
        public static let texts = 10_000
    }

    struct Choice: Sendable {
        let name: ModelName
        let line: ProviderLine
    }

    let storage: Storage
    let options: AIModelsOptions
    let prices: PriceList
    let clock: any WallClock
    let events: EventLog
    let chain: [Choice]
    let embedder: Choice?
    let dimensions: Int?
    let vectors: EmbeddingDesk
    private let lines: [String: ProviderLine]
    private let answers: AnswerStore
    private let bus: any Bus

    /// Reads the answers that ``answer(_:as:for:under:_:)`` keeps.
    public let reader: AnswerReader

    /// Puts models to use.
    ///
    /// Calls nothing.
    ///
    /// - Parameters:
    ///   - providers: the vendors, each with a name of its own.
    ///   - chat: the models that are asked, in this order; 1 to ``Bounds/chain``, of these providers.
    ///   - embedding: the one model that makes vectors; `nil` for none.
    ///   - dimensions: how many numbers its vectors have; `nil` for the model's own.
    ///   - prices: what models cost. Stand-ins are free.
    ///   - storage: where answers and budgets are kept.
    ///   - bus: tells readers on other nodes that there is more.
    ///   - clock: the time.
    ///   - randomness: draws pauses.
    ///   - events: where calls are told.
    ///   - options: how models are called.
    /// - Throws: `ai.settingInvalid` for a model of a provider that is not there.
    public init(
        _ providers: [any AIProvider], chat: [ModelName], embedding: ModelName?, dimensions: Int? = nil,
        prices: PriceList = PriceList(), storage: Storage, bus: any Bus, clock: any WallClock,
        randomness: any Randomness, events: EventLog, _ options: AIModelsOptions = AIModelsOptions()
    ) throws(AIError) {
        guard (1...Bounds.chain).contains(chat.count) else {
            throw AIError(.settingInvalid, "ai.chat names \(chat.count) models; 1 to \(Bounds.chain) are possible.")
        }
        var lines: [String: ProviderLine] = [:]
        for provider in providers {
            lines[provider.name] = ProviderLine(
                provider, options, clock: clock, randomness: randomness, events: events)
        }
        func choice(_ name: ModelName, _ setting: String) throws(AIError) -> Choice {
            guard let line = lines[name.provider] else {
                throw AIError(
                    .settingInvalid,
                    "\(setting) names a model of \(name.provider), which is not set up; there are "
                        + lines.keys.sorted().joined(separator: ", ") + ".")
            }
            return Choice(name: name, line: line)
        }
        var chain: [Choice] = []
        for name in chat { chain.append(try choice(name, "ai.chat")) }
        self.chain = chain
        embedder = try embedding.map { name throws(AIError) in try choice(name, "ai.embedding") }
        vectors = EmbeddingDesk(capacity: options.embeddingsKept, ttl: options.embeddingTTL, clock: clock)
        self.lines = lines
        self.dimensions = dimensions
        self.storage = storage
        self.options = options
        self.prices = prices
        self.clock = clock
        self.events = events
        self.bus = bus
        answers = AnswerStore(storage: storage)
        reader = AnswerReader(storage: storage, bus: bus, clock: clock)
    }

    /// The models that are asked, in order.
    public var chatModels: [ModelName] { chain.map(\.name) }

    /// A model of one of the providers; `nil` when there is no such provider.
    func choice(of name: ModelName) -> Choice? { lines[name.provider].map { Choice(name: name, line: $0) } }

    /// Whether the first model of the chain is a stand-in, which pages must say.
    public var isStandIn: Bool { chain[0].line.provider.isStandIn }

    // MARK: Chat

    /// Asks, without keeping the answer.
    ///
    /// - Parameters:
    ///   - request: what is asked.
    ///   - id: what is paid for; each call has its own.
    ///   - tenant: for whom.
    ///   - budgets: what it is charged to, at most 8; none for a call that nobody pays for.
    ///   - receive: takes the text as it comes.
    /// - Returns: how it ended and what it has cost.
    /// - Throws: ``AIError``; `CancellationError`; `StorageError`; what `receive` throws. What was said before is charged.
    public func chat(
        _ request: ChatRequest, as id: ID<Answer>, for tenant: Tenant, under budgets: [AIBudget] = [],
        _ receive: (String) async throws -> Void
    ) async throws -> ChatOutcome {
        try await carry(request, as: id, for: tenant, BudgetDesk(budgets), recorder: nil, receive)
    }

    /// Asks, and keeps the text as it comes, so that a reader can resume on any node: ``reader``.
    ///
    /// The text is written in parts, the last with the charge and the end in one transaction. What a node that dies has
    /// written stays, and its reservation expires.
    ///
    /// - Parameters:
    ///   - request: what is asked.
    ///   - id: the answer's id, new in the tenant.
    ///   - tenant: for whom.
    ///   - budgets: what it is charged to, at most 8.
    ///   - receive: takes the text as it comes, beside those who read it elsewhere. Defaults to nobody.
    /// - Returns: how it ended and what it has cost.
    /// - Throws: `ai.answerTaken` for an id that is known; else as ``chat(_:as:for:under:_:)``.
    @discardableResult
    public func answer(
        _ request: ChatRequest, as id: ID<Answer>, for tenant: Tenant, under budgets: [AIBudget] = [],
        _ receive: (String) async throws -> Void = { _ in }
    ) async throws -> ChatOutcome {
        let recorder = AnswerRecorder(id, for: tenant, store: answers, bus: bus, clock: clock)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await recorder.keepTime() }
            defer { group.cancelAll() }
            return try await carry(request, as: id, for: tenant, BudgetDesk(budgets), recorder: recorder) { text in
                try await recorder.append(text)
                try await receive(text)
            }
        }
    }

    private func carry(
        _ request: ChatRequest, as id: ID<Answer>, for tenant: Tenant, _ desk: BudgetDesk,
        recorder: AnswerRecorder?, _ receive: (String) async throws -> Void
    ) async throws -> ChatOutcome {
        try request.check()
        let ask = BudgetDesk.Ask(
            id: id, tenant: tenant, input: TokenEstimate.bound(request, bytesPerToken: options.bytesPerToken),
            output: request.tokensMax, price: try dearestPrice(isNeeded: desk.countsMoney), ttl: options.holdTime,
            note: chain[0].name.description)
        var bounded = request
        bounded.tokensMax = try await storage.write(for: tenant) { transaction in
            if recorder != nil, try await !answers.begin(id, for: tenant, in: transaction) {
                throw AIError(.answerTaken, "There is an answer of this id already.")
            }
            return try await desk.reserve(ask, in: transaction)
        }
        var said = TokenCounter()
        let start = clock.uptime()
        var asked = chain[0]
        do {
            let end = try await walk(bounded, asked: &asked) { text in
                said.add(text)
                // PostgreSQL stores no NUL, and no page shows one.
                try await receive(text.utf8.contains(0) ? text.replacing("\0", with: "") : text)
            }
            let outcome = outcome(of: asked, end, said: said, bounded)
            try await close(id, outcome, nil, tenant, desk, recorder)
            told(outcome, took: clock.uptime() - start)
            return outcome
        } catch {
            let end = ChatEnd(.other)
            let outcome = said.isEmpty ? nil : outcome(of: asked, end, said: said, bounded)
            try await close(id, outcome, Self.code(of: error), tenant, desk, recorder)
            failed(asked, error, took: clock.uptime() - start)
            throw error
        }
    }

    /// Asks one model after the other until one has begun to answer.
    private func walk(
        _ request: ChatRequest, asked: inout Choice, _ receive: (String) async throws -> Void
    ) async throws -> ChatEnd {
        for (place, choice) in chain.enumerated() {
            asked = choice
            do {
                return try await choice.line.run {
                    try await choice.line.provider.chat(request, with: choice.name.model, receive)
                }
            } catch let error as AIError where error.isForNextProvider && place + 1 < chain.count {
                events.record(
                    .modelReplaced, label: Event.providerLabel(choice.name.provider),
                    [
                        "from": .text(choice.name.description), "to": .text(chain[place + 1].name.description),
                        "code": .text(error.code.rawValue),
                    ])
            }
        }
        preconditionFailure("a chain of models ended without an answer or an error")
    }

    private func outcome(
        of choice: Choice, _ end: ChatEnd, said: TokenCounter, _ request: ChatRequest
    ) -> ChatOutcome {
        var usage = end.usage ?? TokenUsage(input: 0, output: said.tokens)
        if usage.input == 0 { usage.input = TokenEstimate.count(request) }
        return ChatOutcome(
            model: choice.name, isStandIn: choice.line.provider.isStandIn, end: end, usage: usage,
            isCounted: end.usage == nil, money: price(of: choice).cost(of: usage), tokensMax: request.tokensMax)
    }

    /// Charges or frees, and ends the kept answer, in one transaction that is made even when the task is cancelled.
    private func close(
        _ id: ID<Answer>, _ outcome: ChatOutcome?, _ failure: String?, _ tenant: Tenant, _ desk: BudgetDesk,
        _ recorder: AnswerRecorder?
    ) async throws {
        if let outcome {
            Cost.current?.add(outcome.usage.total, to: .tokens)
            Cost.current?.add(outcome.money, to: .money)
        }
        let price = outcome.map { [prices, clock] outcome in
            outcome.isStandIn ? ModelPrice.free : prices.price(of: outcome.model, at: clock.now()) ?? .free
        }
        try await Self.uncancelled { [storage, answers, bus] in
            let last = await recorder?.remainder() ?? []
            let bytes = await recorder?.bytes ?? 0
            try await storage.write(for: tenant) { transaction in
                if let outcome, let price {
                    try await desk.settle(id, usage: outcome.usage, at: price, for: tenant, in: transaction)
                } else {
                    try await desk.release(id, for: tenant, in: transaction)
                }
                guard recorder != nil else { return }
                try await answers.add(last, to: id, for: tenant, in: transaction)
                let ending = AnswerStore.Ending(
                    state: failure == nil ? .done : outcome == nil ? .failed : .broken,
                    ending: failure ?? outcome?.end.reason.rawValue ?? "",
                    model: outcome?.model.description ?? "", isStandIn: outcome?.isStandIn ?? false, bytes: bytes,
                    usage: outcome?.usage ?? TokenUsage(), money: outcome?.money ?? 0)
                try await answers.finish(id, ending, for: tenant, in: transaction)
            }
            if recorder != nil { await AnswerSignal.send(id, through: bus) }
        }
    }

    /// Runs `work` to its end although the task may be cancelled: what was said must be charged then too.
    static func uncancelled<Result: Sendable>(
        _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await Task { try await work() }.value
    }

    // MARK: Prices

    func price(of choice: Choice) -> ModelPrice {
        if choice.line.provider.isStandIn { return .free }
        return prices.price(of: choice.name, at: clock.now()) ?? .free
    }

    /// What the dearest of the chain costs: whichever answers is paid by what was reserved.
    private func dearestPrice(isNeeded: Bool) throws(AIError) -> ModelPrice {
        var (input, output) = (0, 0)
        for choice in chain {
            let price = try knownPrice(of: choice, isNeeded: isNeeded)
            (input, output) = (max(input, price.input), max(output, price.output))
        }
        return ModelPrice(input: input, output: output)
    }

    func knownPrice(of choice: Choice, isNeeded: Bool) throws(AIError) -> ModelPrice {
        let isPriced = prices.price(of: choice.name, at: clock.now()) != nil
        guard !isNeeded || isPriced || choice.line.provider.isStandIn else {
            throw AIError(
                .priceUnknown, "\(choice.name) has no price today, and money is budgeted: set one in ai.prices.")
        }
        return price(of: choice)
    }
}
