import Base
import Storage

/// In which order what was found is shown.
enum SearchOrder: String, Sendable, Hashable, Codable, CaseIterable {
    /// The newest first, over all history.
    case time
    /// The best first, of the newest matches.
    case relevance
}

/// What somebody asks all history for.
struct SearchWish: Sendable {
    var question: String
    var filter = SearchFilter()
    var order = SearchOrder.time
    /// Only what was there at this time; `nil` for now.
    var asOf: Timestamp?
}

/// What was found in all history.
struct SearchAnswer: Sendable {
    var messages: Page<FoundMessage>
    /// Later pages of an order by relevance name this time, so that nothing moves between them.
    var asOf: Timestamp
    /// Among how many the best were chosen; `nil` in the order of time, and where nothing was found.
    var considered: Int?
    /// Contacts whose name, address or number begins so; on the first page only.
    var contacts: [Contact]
    /// Tags whose label begins so; on the first page only.
    var tags: [Tag]

    /// Whether there are matches that are older than those among which the best were chosen.
    var isCut: Bool { considered == SearchStore.Bounds.ranked }
}

/// Searches all history: words, names, e-mail addresses, tags.
struct SearchDesk: Sendable {
    enum Bounds {
        /// Contacts, and tags, that are shown beside messages.
        static let beside = 5
    }

    private let store: SearchStore
    private let tags: TagKeeper
    private let contacts: ContactStore
    private let clock: any WallClock

    init(_ office: Office) {
        store = SearchStore(storage: office.storage)
        tags = office.tags
        contacts = office.contacts.store
        clock = office.clock
    }

    /// Finds messages, and on the first page contacts and tags: at most two statements, and one a minute for the tags.
    func search(
        _ wish: SearchWish, for agent: Agent, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws -> SearchAnswer {
        let question = SearchQuestion(wish.question)
        let asOf = wish.asOf ?? clock.now()
        var answer = SearchAnswer(messages: Page(items: [], next: nil), asOf: asOf, contacts: [], tags: [])
        let known = try await tags.all(in: tenant)
        if cursor == nil {
            answer.tags = question.alike(among: known, limit: Bounds.beside)
            let names = ContactWords(question.words)
            if !names.asked.isEmpty {
                answer.contacts = try await contacts.page(names, after: nil, limit: Bounds.beside, in: tenant).items
                    .map(\.contact)
            }
        }
        let words = MessageWords(question.words)
        guard !words.isEmpty, let named = question.tags(among: known) else { return answer }
        var filter = wish.filter
        filter.tags = named
        switch wish.order {
        case .time:
            answer.messages = try await store.page(
                words, filter, for: agent, after: cursor, limit: limit, in: tenant)
        case .relevance:
            let page = try await store.best(
                words, filter, for: agent, asOf: asOf, after: cursor, limit: limit, in: tenant)
            answer.messages = page.map(\.found)
            answer.considered = page.items.first?.considered
        }
        return answer
    }
}
