import Base
import Storage
import Web

/// The page of the search over all history.
struct SearchPageRoutes: Sendable {
    let office: Office

    var routes: [Route] { [search] }

    private enum Bounds {
        static let rows = 25
    }

    private struct SearchQuery: Input {
        static let fields: [Field] = [
            .query("q", optional: .text(0...200), default: ""),
            .query("order", optional: .choice(SearchOrder.self), default: "time"),
            .query("asOf", optional: .timestamp),
            .query("role", optional: .choice(SearchFilter.Role.self), default: "anybody"),
            .query("channel", optional: .text(0...40), default: ""),
            .query("tag", optional: .text(0...40), default: ""),
            .query("person", optional: .text(0...40), default: ""),
            .query("since", optional: .text(0...10), default: ""),
            .query("until", optional: .text(0...10), default: ""),
            .query("after", optional: .cursor),
        ]

        let q: String
        let order: SearchOrder
        let asOf: Timestamp?
        let role: SearchFilter.Role
        let channel: String
        let tag: String
        let person: String
        let since: String
        let until: String
        let after: Cursor?

        var filter: SearchFilter {
            SearchFilter(
                role: role, channel: ID(channel), tag: ID(tag), person: ID(person),
                since: Timestamp("\(since)T00:00:00Z"),
                until: Timestamp("\(until)T00:00:00Z").map { $0 + .seconds(86_400) })
        }

        /// The filters as the end of an address, without a cursor.
        var query: String { query(in: order) }

        /// The same in another order.
        func query(in order: SearchOrder) -> String {
            "?q=\(Query.encoded(q))&role=\(role.rawValue)&channel=\(Query.encoded(channel))"
                + "&tag=\(Query.encoded(tag))&person=\(Query.encoded(person))&since=\(Query.encoded(since))"
                + "&until=\(Query.encoded(until))&order=\(order.rawValue)"
        }
    }

    private var search: Route {
        Route(
            .get, "/inbox/search", "inbox.showSearch", "Shows what is found in all history.", policy: .signedIn,
            limit: Rates.reading, budget: 2, failures: [Failures.cursor]
        ) { [office] (request: Request<SearchQuery>) in
            try await refusing {
                let (input, tenant) = (request.input, request.tenant)
                let agent = try await office.agents.agent(of: request.context)
                let found = try await SearchDesk(office).search(
                    SearchWish(question: input.q, filter: input.filter, order: input.order, asOf: input.asOf),
                    for: agent, after: input.after, limit: Bounds.rows, in: tenant)
                let colleagues = try await office.colleagues(in: tenant)
                return InboxPages.page(
                    "Search", "search",
                    SearchPage(
                        frame: try await office.frames.frame(.search, for: request.context),
                        parts: SearchPage.Parts(
                            words: input.q, filter: input.filter, since: input.since, until: input.until,
                            order: input.order, query: input.query,
                            orders: SearchOrder.allCases.map { ($0, input.query(in: $0)) }, answer: found,
                            isFirst: input.after == nil,
                            channels: try await office.visible.channels(to: agent, in: tenant),
                            tags: try await office.tags.all(in: tenant), colleagues: colleagues, person: agent.person,
                            now: office.clock.now())), scripts: ["times.js"])
            }
        }
    }
}

/// What is found in all history.
struct SearchPage: Sendable {
    /// A message that was found.
    struct Found: Sendable {
        let href: String
        let name: String
        let who: String
        let body: String
        let moment: String
        let iso: String
        let kind: String
    }

    struct FoundContact: Sendable {
        let href: String
        let name: String
        let initials: String
        let address: String
    }

    /// A tag whose conversations are one step away.
    struct FoundTag: Sendable {
        let href: String
        let label: String
    }

    /// An order in which messages may be shown.
    struct Order: Sendable {
        let href: String
        let label: String
        let isCurrent: Bool
    }

    /// What the page is made from.
    struct Parts: Sendable {
        var words: String
        var filter: SearchFilter
        var since: String
        var until: String
        var order: SearchOrder
        var query: String
        /// The same question in each order.
        var orders: [(SearchOrder, String)]
        var answer: SearchAnswer
        var isFirst: Bool
        var channels: [Channel]
        var tags: [Tag]
        var colleagues: [ID<Person>: String]
        var person: ID<Person>
        var now: Timestamp
    }

    private enum Bounds {
        /// Characters of a message that are shown.
        static let excerpt = 240
    }

    let frame: Frame
    let action = Addresses.search
    let words: String
    let since: String
    let until: String
    let roles: [ThreadView.Choice]
    let channels: [ThreadView.Choice]
    let tags: [ThreadView.Choice]
    let people: [ThreadView.Choice]
    let found: [Found]
    let contacts: [FoundContact]
    let hasContacts: Bool
    let foundTags: [FoundTag]
    let hasFoundTags: Bool
    let order: String
    let orders: [Order]
    /// What the order stands on, in words.
    let basis: String
    let firstLabel: String
    let nextLabel: String
    let hasFound: Bool
    let isAsked: Bool
    let isVain: Bool
    let hasNext: Bool
    let nextHref: String
    let hasFirst: Bool
    let firstHref: String

    init(frame: Frame, parts: Parts) {
        let filter = parts.filter
        self.frame = frame
        words = parts.words
        since = parts.since
        until = parts.until
        let labels = ["anybody": "Anybody", "customers": "Customers", "agents": "Agents", "notes": "Notes"]
        roles = SearchFilter.Role.allCases.map {
            ThreadView.Choice(value: $0.rawValue, label: labels[$0.rawValue] ?? "", isChosen: $0 == filter.role)
        }
        channels = parts.channels.map {
            ThreadView.Choice(value: $0.id.description, label: $0.name, isChosen: $0.id == filter.channel)
        }
        tags = parts.tags.map {
            ThreadView.Choice(value: $0.id.description, label: $0.label, isChosen: $0.id == filter.tag)
        }
        people = parts.colleagues.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map {
            ThreadView.Choice(value: $0.key.description, label: $0.value, isChosen: $0.key == filter.person)
        }
        let setting = { (name: String) in
            MessageView.Setting(
                names: parts.colleagues, contact: name, person: parts.person, place: DeskPlace(view: .all),
                now: parts.now)
        }
        let answer = parts.answer
        found = answer.messages.items.map { found in
            let message = found.message
            return Found(
                href: DeskPlace(view: .all).thread(message.conversationID)
                    + "&at=\(message.sequence)#m\(message.sequence)",
                name: found.name, who: MessageView.author(of: message, in: setting(found.name)),
                body: message.body.firstScalars(Bounds.excerpt), moment: Wording.day(message.sentAt, now: parts.now),
                iso: message.sentAt.description, kind: MessageView.side(message.role))
        }
        contacts = answer.contacts.map {
            FoundContact(
                href: Addresses.contact($0.id), name: $0.name, initials: Wording.initials($0.name),
                address: $0.email ?? $0.phone ?? "")
        }
        hasContacts = !contacts.isEmpty
        foundTags = answer.tags.map {
            FoundTag(href: DeskPlace(view: .all, tag: $0.id).list(), label: $0.label)
        }
        hasFoundTags = !foundTags.isEmpty
        order = parts.order.rawValue
        orders = parts.orders.map { order, query in
            Order(
                href: Addresses.search + query, label: order == .time ? "Newest" : "Most relevant",
                isCurrent: order == parts.order)
        }
        basis = Self.basis(of: answer)
        let isByTime = parts.order == .time
        (firstLabel, nextLabel) = isByTime ? ("Newest", "Older") : ("Best", "Next")
        hasFound = !found.isEmpty
        isAsked = !parts.words.trimmed.isEmpty
        isVain = isAsked && found.isEmpty && contacts.isEmpty && foundTags.isEmpty
        let next = answer.messages.next
        hasNext = next != nil
        // Pages by relevance are all of what was there when the first one was shown.
        let moment = isByTime ? "" : "&asOf=\(Query.encoded(answer.asOf.description))"
        nextHref = "\(Addresses.search)\(parts.query)\(moment)&after=\(Query.encoded(next?.description ?? ""))"
        hasFirst = !parts.isFirst
        firstHref = Addresses.search + parts.query
    }

    /// Says honestly among what the best were chosen.
    private static func basis(of answer: SearchAnswer) -> String {
        guard let considered = answer.considered else { return "" }
        let number = Wording.number(considered)
        return answer.isCut ? "The best of the newest \(number) matches." : "The best of all \(number) matches."
    }
}
