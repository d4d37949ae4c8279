import Base
import Storage

/// The demo's lists, boards, contacts and exports, made of what the demo's searches have found.
struct WorkroomFilling {
    /// Who works in the demo's workspace.
    struct Team: Sendable {
        /// Owns the workspace; the lists are hers.
        let owner: Asker
        let editors: [Asker]
    }

    enum Bounds {
        /// Entries of the largest list.
        static let largest = 1_240
        static let contacts = 320
        static let activities = 900
    }

    let room: WorkroomDesk

    private static let lists: [(name: String, kind: CreatorList.Kind, entries: Int)] = [
        ("Autumn shortlist", .scouting, Bounds.largest), ("Trail runners", .industry, 310),
        ("Vegan skincare", .industry, 260),
        ("Long-term partners", .favourites, 48), ("Winter launch", .campaign, 190), ("Home coffee", .industry, 140),
        ("Small but loyal", .scouting, 120), ("Written to in spring", .contacted, 96),
        ("Booked for June", .campaign, 32),
        ("Family and garden", .industry, 180), ("German-speaking", .custom, 150), ("Mara's own", .favourites, 24),
        ("Waiting for fees", .custom, 40), ("Next year", .custom, 0),
    ]

    /// The demo's campaigns, to which its searches belong.
    static let campaigns = [
        "Spring launch", "Summer on the trail", "Back to school", "Autumn skincare", "Winter coffee", "Always on",
    ]

    /// Fills a workspace whose searches are there and whose lists are not yet.
    ///
    /// - Parameters:
    ///   - people: an owner, then editors, then whoever only looks.
    ///   - tenant: the workspace.
    /// - Throws: what the desks and the database throw.
    func fill(_ people: [ID<Person>], in tenant: Tenant) async throws {
        guard let first = people.first else { return }
        let team = Team(
            owner: Asker(person: first, seat: .owner),
            editors: people.dropFirst().prefix(2).map { Asker(person: $0, seat: .editor) })
        let store = WorkroomDemoStore(storage: room.storage)
        let known = try await room.lists.page(ListStore.Filter(), for: team.owner, after: nil, limit: 1, in: tenant)
        let creators = try await store.creators(limit: 6_000, in: tenant)
        guard known.items.isEmpty, !creators.isEmpty else { return }
        let searches = try await store.searches(limit: 100, in: tenant)
        let campaigns = try await fillCampaigns(searches, by: team.owner, in: tenant)
        var lists: [CreatorList] = []
        for (index, plan) in Self.lists.enumerated() {
            lists.append(try await fill(plan, index, team, campaigns, creators, in: tenant))
        }
        try await fillContacts(team, lists, creators, in: tenant)
        try await fillActivities(team, lists, creators, in: tenant)
        try await fillExports(team.owner, lists, searches, in: tenant)
    }

    /// Makes the campaigns, and their runs of the searches, one after the other.
    private func fillCampaigns(
        _ searches: [ID<Search>], by owner: Asker, in tenant: Tenant
    ) async throws -> [ID<Campaign>] {
        var made: [ID<Campaign>] = []
        for (index, name) in Self.campaigns.enumerated() {
            let state: Campaign.State = index < 4 ? .active : index == 4 ? .completed : .draft
            made.append(try await room.campaigns.create(name, state: state, by: owner, in: tenant).id)
        }
        let runs = searches.enumerated().filter { $0.offset % 6 != 5 }.map { ($0.element, made[$0.offset % 5]) }
        try await WorkroomDemoStore(storage: room.storage).assign(runs, in: tenant)
        return made
    }

    private func fill(
        _ plan: (name: String, kind: CreatorList.Kind, entries: Int), _ index: Int, _ team: Team,
        _ campaigns: [ID<Campaign>], _ creators: [ID<Creator>], in tenant: Tenant
    ) async throws -> CreatorList {
        var draft = ListDesk.Draft(name: plan.name, kind: plan.kind)
        if plan.kind == .campaign, !campaigns.isEmpty { draft.campaign = campaigns[index % campaigns.count] }
        if index == 11 { draft.visibility = .private }
        if index == 0 {
            draft.fields = [
                .stage, ListField(key: "tier", label: "Tier", kind: .select, options: ["A", "B", "C"]),
                ListField(key: "fee", label: "Fee in €", kind: .number, options: []),
                ListField(key: "due", label: "Answer by", kind: .date, options: []),
                ListField(key: "brief", label: "Brief sent", kind: .check, options: []),
            ]
        }
        let list = try await room.lists.create(draft, by: team.owner, in: tenant).list
        // Each list begins elsewhere among the creators, so that lists share some of them.
        let chosen = (0..<min(plan.entries, creators.count)).map { creators[(index * 397 + $0 * 3) % creators.count] }
        var seen: Set<ID<Creator>> = []
        let unique = chosen.filter { seen.insert($0).inserted }
        for start in stride(from: 0, to: unique.count, by: 1_000) {
            _ = try await room.entries.add(
                Array(unique[start..<min(start + 1_000, unique.count)]), to: list.id, by: team.owner, in: tenant)
        }
        try await spread(list, in: tenant, by: team)
        if index < 5 { try await room.lists.star(list.id, true, by: team.owner, in: tenant) }
        return list
    }

    /// Puts the cards of a list into its buckets, fewer the further they are, and writes some columns.
    private func spread(_ list: CreatorList, in tenant: Tenant, by team: Team) async throws {
        // A private list is its owner's alone.
        let mover = list.visibility == .private ? team.owner : team.editors.first ?? team.owner
        var cursor: Cursor?
        repeat {
            let page = try await room.entries.store.page(
                of: list.id, for: team.owner, after: cursor, limit: 500, in: tenant)
            let ids = page.items.map(\.entry.id)
            for (bucket, part) in [("shortlist", 3), ("contacted", 7), ("booked", 19)] {
                let some = ids.enumerated().filter { $0.offset % part == part - 1 }.map(\.element)
                if !some.isEmpty {
                    _ = try await room.entries.edit(
                        some, of: list.id, fields: [:], bucket: bucket, by: mover, in: tenant
                    )
                }
            }
            if list.fields.count > 1, cursor == nil {
                for (number, tier) in ["A", "B", "C"].enumerated() {
                    let some = ids.enumerated().filter { $0.offset % 3 == number }.map(\.element)
                    if some.isEmpty { continue }
                    _ = try await room.entries.edit(
                        some, of: list.id, fields: ["tier": tier, "fee": "\(150 + number * 125)"], bucket: nil,
                        by: team.owner, in: tenant)
                }
                for id in ids.prefix(6) { try await room.entries.pin(id, true, by: team.owner, in: tenant) }
            }
            cursor = page.next
        } while cursor != nil
    }

    /// Messages of the last weeks; the editors' newest ones warn whoever wants to write again.
    private func fillContacts(
        _ team: Team, _ lists: [CreatorList], _ creators: [ID<Creator>], in tenant: Tenant
    ) async throws {
        let now = room.clock.now()
        let people = team.editors + [team.owner]
        let channels = Contact.Channel.allCases
        for start in stride(from: 0, to: Bounds.contacts, by: 40) {
            try await room.storage.write(for: tenant) { transaction in
                for number in start..<(start + 40) {
                    // An hour and a half apart: seven of ten are within the thirty days of a warning.
                    let at = now - .seconds(Int64(number) * 11_700 + 3_600)
                    let contact = Contact(
                        id: ID(at: at, using: room.randomness), creatorID: creators[number * 7 % creators.count],
                        listID: lists[number % 3].id, personID: people[number % people.count].person,
                        channel: channels[number % channels.count], text: nil, at: at)
                    _ = try await room.entries.contacts.claim(
                        contact, isForced: false, through: transaction, in: tenant)
                    try await room.entries.contacts.insert(contact, through: transaction, in: tenant)
                }
            }
        }
    }

    private func fillActivities(
        _ team: Team, _ lists: [CreatorList], _ creators: [ID<Creator>], in tenant: Tenant
    ) async throws {
        let now = room.clock.now()
        let people = team.editors + [team.owner]
        let events: [(Activity.Event, String)] = [
            (.moved, "shortlist"), (.moved, "contacted"), (.added, "12 creators"), (.edited, "fee"), (.moved, "booked"),
            (.contacted, "email"),
        ]
        for start in stride(from: 0, to: Bounds.activities, by: 300) {
            let some = (start..<(start + 300)).map { number in
                let at = now - .seconds(Int64(number) * 2_900 + 600)
                let (event, detail) = events[number % events.count]
                return Activity(
                    id: ID(at: at, using: room.randomness), listID: lists[number % lists.count].id,
                    creatorID: creators[number * 11 % creators.count], personID: people[number % people.count].person,
                    event: event, detail: detail, at: at)
            }
            try await room.storage.write(for: tenant) { transaction in
                try await room.entries.contacts.record(some, through: transaction, in: tenant)
            }
        }
    }

    /// Three files that are ready, one that failed, and one that is being written while the demo begins.
    private func fillExports(
        _ owner: Asker, _ lists: [CreatorList], _ searches: [ID<Search>], in tenant: Tenant
    ) async throws {
        for (index, list) in lists.prefix(3).enumerated() {
            var wish = ExportDesk.Wish(source: .list, id: list.id.cast(to: ID<ExportSource>.self))
            wish.format = index == 2 ? .ndjson : .csv
            wish.isInline = index > 0
            if case .queued(let export) = try await room.exports.order(wish, by: owner, in: tenant) {
                _ = try await room.exports.steps.write(export.id, in: tenant)
            }
        }
        guard let search = searches.first else { return }
        var wish = ExportDesk.Wish(source: .search, id: search.cast(to: ID<ExportSource>.self))
        wish.isInline = false
        if case .queued(let export) = try await room.exports.order(wish, by: owner, in: tenant) {
            _ = try await room.exports.steps.fail(
                export, "the disk was full while it was written", in: tenant)
        }
        _ = try await room.exports.order(wish, by: owner, in: tenant)
    }
}
